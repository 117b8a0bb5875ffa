import { expect, it } from "vitest";
import { DAY_MS, MINUTE_MS } from "../../../../src/model/time.ts";
import { decadeLabel, timeLabel } from "./heat-labels.ts";

it("keeps powers of ten as they are", () => {
  expect([1e6, 1e9, 100e9, 1000e9].map(decadeLabel)).toEqual(["1 ms", "1 s", "100 s", "1000 s"]);
});

it("gives as much of a time as tells its ticks apart", () => {
  const time = new Date(2026, 2, 4, 15, 6, 7, 89).getTime();
  expect([1, 1_000, MINUTE_MS, DAY_MS].map((step) => timeLabel(time, step))).toEqual([
    "15:06:07.089",
    "15:06:07",
    "15:06",
    "2026-03-04",
  ]);
  expect(timeLabel(new Date(2026, 2, 5).getTime(), 30 * MINUTE_MS)).toBe("2026-03-05");
});
