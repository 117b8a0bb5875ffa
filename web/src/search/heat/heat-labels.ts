import { formatDuration } from "../../../../src/model/duration-text.ts";
import { DAY_MS, MINUTE_MS } from "../../../../src/model/time.ts";
import { formatAbsolute, formatClock } from "../../format/time.ts";

/** Powers of ten stay powers of ten: 100 s, not 1 min 40 s. */
export function decadeLabel(ns: number): string {
  return ns >= 100e9 ? `${ns / 1e9} s` : formatDuration(ns);
}

/** As much of a time as tells ticks so far apart from each other; midnight is a date. */
export function timeLabel(timeMs: number, stepMs: number): string {
  const clock = formatClock(timeMs);
  if (stepMs >= DAY_MS || (stepMs >= MINUTE_MS && clock === "00:00:00.000")) return formatAbsolute(timeMs).slice(0, 10);
  return clock.slice(0, stepMs < 1_000 ? 12 : stepMs < MINUTE_MS ? 8 : 5);
}
