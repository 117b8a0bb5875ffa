import { expect, it } from "vitest";
import { selfTimes } from "./self-time.ts";

const times = (spans: readonly (readonly [parent: number, start: number, duration: number])[]) => [
  ...selfTimes({
    count: spans.length,
    parent: Int32Array.from(spans, ([parent]) => parent),
    start: Float64Array.from(spans, ([, start]) => start),
    duration: Float64Array.from(spans, ([, , duration]) => duration),
  }),
];

it("is the duration without the union of the children", () =>
  expect(
    times([
      [-1, 0, 100],
      [0, 10, 40],
      [1, 20, 10],
      [0, 30, 40],
      [0, 90, 5],
    ]),
  ).toEqual([35, 30, 10, 40, 5]));

it("counts of a child only what lies inside the parent", () =>
  expect(
    times([
      [-1, 10, 10],
      [0, 5, 8],
      [0, 15, 100],
    ]),
  ).toEqual([2, 8, 100]));

it("is never negative, whatever the clocks say", () =>
  expect(
    times([
      [-1, 0, -5],
      [0, -10, 20],
    ]),
  ).toEqual([0, 20]));
