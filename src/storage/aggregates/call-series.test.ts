import { afterEach, beforeEach, expect, it } from "vitest";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { ExponentialHistogram } from "../../model/exponential-histogram.ts";
import { HOUR_MS } from "../../model/time.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { readCallSeries } from "./call-series.ts";
import { DependencyTable, prepareDependencies } from "./dependency-table.ts";

const FIRST_HOUR = 498_000;
const LINK = { parent: "a", child: "b" };

let db: SqlDatabase;
beforeEach(() => {
  db = testDriver.open(":memory:");
  prepareDependencies(db);
});
afterEach(() => db.close());

function add(hour: number, child: string, calls: number, errors: number, durationNano: number): void {
  const durations = new ExponentialHistogram();
  durations.add(durationNano, calls);
  new DependencyTable().add(db, [{ hour: FIRST_HOUR + hour, parent: "a", child, calls, errors, durations }]);
}

/** From the start of one hour into another one. */
const read = (from: number, to: number, maxPoints: number) =>
  readCallSeries(db, {
    ...LINK,
    startMs: (FIRST_HOUR + from) * HOUR_MS,
    endMs: (FIRST_HOUR + to) * HOUR_MS + 1,
    maxPoints,
  });

it("are the calls of one link by hour, hours without any among them", () => {
  add(1, "b", 4, 1, 1e6);
  add(1, "c", 9, 9, 1e9);
  add(3, "b", 2, 0, 5e6);
  const { startMs, stepMs, points } = read(0, 3, 10);
  expect([startMs, stepMs]).toEqual([FIRST_HOUR * HOUR_MS, HOUR_MS]);
  expect(points.map(({ callCount, errorCount }) => [callCount, errorCount])).toEqual([
    [0, 0],
    [4, 1],
    [0, 0],
    [2, 0],
  ]);
  expect(points.map(({ p99Nano }) => p99Nano === undefined)).toEqual([true, false, true, false]);
  expect(Math.abs(points[3]!.p99Nano! / 5e6 - 1)).toBeLessThan(0.022);
});

it("puts several hours into a point where there are many, their durations merged", () => {
  for (const hour of [0, 1, 2, 3, 4]) add(hour, "b", 1, 0, (hour + 1) * 1e6);
  const { stepMs, points } = read(0, 4, 2);
  expect([stepMs, points.map(({ callCount }) => callCount)]).toEqual([3 * HOUR_MS, [3, 2]]);
  expect(Math.abs(points[0]!.p99Nano! / 3e6 - 1)).toBeLessThan(0.022);
});

it("begins with the first hour that is stored where the range has no beginning, and is empty where none is", () => {
  const always = () => readCallSeries(db, { ...LINK, startMs: 0, endMs: (FIRST_HOUR + 7) * HOUR_MS, maxPoints: 48 });
  expect(always().points).toEqual([]);
  add(6, "b", 1, 0, 1e6);
  expect(always()).toMatchObject({ startMs: (FIRST_HOUR + 6) * HOUR_MS, points: [{ callCount: 1 }, { callCount: 0 }] });
  const empty = testDriver.open(":memory:");
  expect(readCallSeries(empty, { ...LINK, startMs: 0, endMs: 1e15, maxPoints: 48 }).points).toEqual([]);
  empty.close();
});
