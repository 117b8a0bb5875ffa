import type { CatalogEntry } from "./catalog.ts";

/** A receive time so far ahead of the clock was taken from a clock that was wrong, ms. */
export const CLOCK_SLACK_MS = 60_000;

/**
 * When each segment's newest span was received, by id, ms since the epoch, as far as the clock can be believed.
 * `entries` are in the order of the log, so a segment is not older than those before it: a clock that fell back makes
 * nothing too old to keep. A time that is still to come counts as that of the next segment with a time that is not;
 * where there is none it stays.
 */
export function newestReceived(entries: readonly CatalogEntry[], nowMs: number): ReadonlyMap<number, number> {
  const times = new Map<number, number>();
  const ahead: number[] = [];
  let newest = Number.NEGATIVE_INFINITY;
  for (const { id, createdMs, maxReceivedMs } of entries) {
    const own = maxReceivedMs ?? createdMs;
    if (own > nowMs + CLOCK_SLACK_MS) {
      times.set(id, own);
      ahead.push(id);
      continue;
    }
    newest = Math.max(newest, own);
    times.set(id, newest);
    for (const earlier of ahead.splice(0)) times.set(earlier, newest);
  }
  return times;
}
