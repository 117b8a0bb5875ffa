import { expect, it } from "vitest";
import { axisRange } from "./axis-range.ts";

const window = { from: 100, to: 300 };

it("is what lies between two places, whichever was first", () => {
  const range = { from: 25, to: 75, window: { from: 150, to: 250 } };
  expect(axisRange(window, 100, 1_000, [25, 75])).toEqual(range);
  expect(axisRange(window, 100, 1_000, [75, 25])).toEqual(range);
});

it("ends with the axis", () => {
  expect(axisRange(window, 100, 1_000, [50, 400])).toEqual({ from: 50, to: 100, window: { from: 200, to: 300 } });
  expect(axisRange(window, 100, 1_000, [-9, 50])).toEqual({ from: 0, to: 50, window: { from: 100, to: 200 } });
});

it("is nothing for a press, and where there is no room", () => {
  expect(axisRange(window, 100, 1_000, [50, 53])).toBeUndefined();
  expect(axisRange(window, 0, 1_000, [0, 40])).toBeUndefined();
});
