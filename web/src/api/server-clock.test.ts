import { expect, it } from "vitest";
import { ServerClock } from "./server-clock.ts";

const NOON = Date.parse("2026-12-01T12:00:00Z");
const told = (aheadMs: number) => {
  const clock = new ServerClock();
  clock.heard("Tue, 01 Dec 2026 12:00:00 GMT", NOON + aheadMs);
  return clock.aheadMs;
};

it("says by how many minutes a browser is ahead or behind, and nothing of seconds", () =>
  expect([0, 59_000, -59_000, 3_601_000, -3_599_000].map(told)).toEqual([0, 0, 0, 3_600_000, -3_600_000]));

it("tells of changes alone, and takes no text for a date that is none", () => {
  const clock = new ServerClock();
  let heard = 0;
  const leave = clock.subscribe(() => heard++);
  for (const date of [null, "", "tomorrow"]) clock.heard(date, NOON);
  expect([heard, clock.aheadMs]).toEqual([0, 0]);
  clock.heard("Tue, 01 Dec 2026 11:00:00 GMT", NOON);
  clock.heard("Tue, 01 Dec 2026 11:00:01 GMT", NOON);
  expect(heard).toBe(1);
  leave();
  clock.heard("Tue, 01 Dec 2026 12:00:00 GMT", NOON);
  expect([heard, clock.aheadMs]).toEqual([1, 0]);
});
