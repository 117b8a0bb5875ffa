import { describe, expect, it } from "vitest";
import {
  durationTicks,
  nearestPoint,
  pointsInBox,
  type ScatterPoint,
  scatterPosition,
  scatterRange,
  timeTicks,
} from "./scatter.ts";

const point = (traceId: string, timeMs: number, durationNs: number): ScatterPoint => ({
  traceId,
  timeMs,
  durationNs,
  error: false,
  label: traceId,
});
const points = [point("a", 1000, 2e6), point("b", 2000, 5e8), point("c", 3000, 1e6)];
const range = scatterRange(points);

describe("scatter", () => {
  it("has round local times on its axis", () => {
    const at = (hour: number, minute: number) => new Date(2026, 2, 4, hour, minute).getTime();
    const range = { fromMs: at(9, 52), toMs: at(10, 47), leastNs: 1, mostNs: 10 };
    expect(timeTicks(range, 6)).toEqual({
      stepMs: 600_000,
      times: [at(10, 0), at(10, 10), at(10, 20), at(10, 30), at(10, 40)],
    });
    const days = { ...range, toMs: range.fromMs + 6 * 86_400_000 };
    expect(timeTicks(days, 6).times.map((ms) => new Date(ms).getHours())).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("spans the times and the decades of the durations", () => {
    expect(range).toEqual({ fromMs: 1000, toMs: 3000, leastNs: 1e6, mostNs: 1e9 });
    expect(durationTicks(range)).toEqual([1e6, 1e7, 1e8, 1e9]);
    expect(scatterPosition(range, 300, 90, points[2]!)).toEqual({ x: 300, y: 90 });
    expect(scatterPosition(range, 300, 90, { timeMs: 2000, durationNs: 1e7 })).toEqual({ x: 150, y: 60 });
  });

  it("keeps a single point and none inside", () => {
    const single = scatterRange([point("a", 1000, 1e6)]);
    expect(scatterPosition(single, 100, 50, { timeMs: 1000, durationNs: 1e6 })).toEqual({ x: 50, y: 50 });
    expect(scatterRange([]).toMs).toBe(1);
    expect(durationTicks({ ...range, leastNs: 1, mostNs: 1e13 }).length).toBeLessThanOrEqual(6);
  });

  it("selects by box, whichever corner came first, and by nearness", () => {
    expect([...pointsInBox(points, range, 300, 90, { x0: 310, y0: 95, x1: -5, y1: 40 })]).toEqual(["a", "c"]);
    expect(nearestPoint(points, range, 300, 90, { x: 296, y: 87 }, 8)?.traceId).toBe("c");
    expect(nearestPoint(points, range, 300, 90, { x: 250, y: 80 }, 8)).toBeUndefined();
  });
});

describe("time axis", () => {
  const at = (day: number, hour: number, minute = 0) => new Date(2026, 2, day, hour, minute).getTime();

  it("has round local times", () => {
    const { stepMs, times } = timeTicks({ ...range, fromMs: at(4, 9, 52), toMs: at(4, 10, 47) }, 6);
    expect(stepMs).toBe(600_000);
    expect(times).toEqual([0, 10, 20, 30, 40].map((minute) => at(4, 10, minute)));
  });

  it("has days where it is long", () => {
    const { times } = timeTicks({ ...range, fromMs: at(4, 9), toMs: at(10, 9) }, 6);
    expect(times).toEqual([5, 6, 7, 8, 9, 10].map((day) => at(day, 0)));
  });
});
