import { expect, it } from "vitest";
import { FlushPace } from "./flush-pace.ts";

it("is due at first, and then when flushing takes no more than a fiftieth of the time", () => {
  const pace = new FlushPace();
  expect(pace.isDue(0)).toBe(true);
  pace.flushed(0, 20);
  expect(pace.isDue(1_019)).toBe(false);
  expect(pace.isDue(1_020)).toBe(true);
});

it("is due after five seconds however long it takes", () => {
  const pace = new FlushPace();
  pace.flushed(0, 60_000);
  expect(pace.isDue(64_999)).toBe(false);
  expect(pace.isDue(65_000)).toBe(true);
});
