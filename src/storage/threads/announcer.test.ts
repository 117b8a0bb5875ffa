import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Announcer } from "./announcer.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Times of the notices, ms since the first growth. */
function heard(): { readonly announcer: Announcer; readonly timesMs: number[] } {
  const timesMs: number[] = [];
  const startedMs = performance.now();
  return { announcer: new Announcer(() => timesMs.push(performance.now() - startedMs)), timesMs };
}

it("tells soon of what comes after a pause, and tells what comes with it once", () => {
  const { announcer, timesMs } = heard();
  announcer.grown(100);
  announcer.grown(100);
  vi.advanceTimersByTime(1_000);
  announcer.grown(100);
  vi.advanceTimersByTime(1_000);
  expect(timesMs).toEqual([5, 1_005]);
});

it("tells of what comes often by its age", () => {
  const { announcer, timesMs } = heard();
  for (let ms = 0; ms < 200; ms++) {
    announcer.grown(100);
    vi.advanceTimersByTime(1);
  }
  expect(timesMs).toEqual([5, 55, 105, 155]);
  vi.advanceTimersByTime(1_000);
  expect(timesMs).toEqual([5, 55, 105, 155, 205]);
});

it("tells of much before that age", () => {
  const { announcer, timesMs } = heard();
  announcer.grown(100);
  vi.advanceTimersByTime(10);
  announcer.grown(100);
  vi.advanceTimersByTime(10);
  announcer.grown(256 * 1024);
  vi.advanceTimersByTime(1_000);
  expect(timesMs).toEqual([5, 25]);
});
