import { isTime } from "../../../src/model/span-times.ts";
import { inShownZone, parseInShownZone } from "./time-zone.ts";

/** Milliseconds since the epoch, with the fraction, of ns; they are decimal text where JSON brought them. */
export function nanoToMs(nano: string | bigint): number {
  return Number(BigInt(nano) / 1000n) / 1000;
}

/** Whether ms since the epoch can be a span's: 0 and what is later than 2200 are no times (src/model/span-times.ts). */
export function isTimeMs(timeMs: number): boolean {
  return isTime(timeMs * 1e6);
}

const RELATIVE_STEPS = [
  { limit: 60, size: 1, unit: "s" },
  { limit: 3_600, size: 60, unit: "min" },
  { limit: 86_400, size: 3_600, unit: "h" },
  { limit: Number.POSITIVE_INFINITY, size: 86_400, unit: "d" },
] as const;

/**
 * `now`, `12 s ago`, `3 min ago`, `5 h ago`, `2 d ago`; `in 2 h` for clocks that run ahead. Both in ms since the epoch.
 * Empty for what is no time.
 */
export function formatRelative(timeMs: number, nowMs: number): string {
  if (!isTimeMs(timeMs)) return "";
  const seconds = (nowMs - timeMs) / 1000;
  const size = Math.abs(seconds);
  if (size < 1) return "now";
  const step = RELATIVE_STEPS.find((candidate) => size < candidate.limit)!;
  const text = `${Math.floor(size / step.size)} ${step.unit}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

/** A time in the shown zone to the millisecond: `2026-03-04 15:06:07.089`; a dash for what is no time. */
export function formatAbsolute(timeMs: number): string {
  const date = inShownZone(timeMs);
  if (!isTimeMs(timeMs)) return "–";
  const day = `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1, 2)}-${pad(date.getUTCDate(), 2)}`;
  return `${day} ${formatClock(timeMs)}`;
}

/** As `formatAbsolute`, without the date where it is today's. */
export function formatMoment(timeMs: number, nowMs: number): string {
  const text = formatAbsolute(timeMs);
  return text.startsWith(formatAbsolute(nowMs).slice(0, 11)) ? text.slice(11) : text;
}

/** `15:06:07.089`, of the shown zone. */
export function formatClock(timeMs: number): string {
  const date = inShownZone(timeMs);
  const clock = `${pad(date.getUTCHours(), 2)}:${pad(date.getUTCMinutes(), 2)}:${pad(date.getUTCSeconds(), 2)}`;
  return `${clock}.${pad(date.getUTCMilliseconds(), 3)}`;
}

/** The value of a `datetime-local` input for a time, to the second. */
export function toLocalInput(timeMs: number): string {
  return formatAbsolute(timeMs).slice(0, 19).replace(" ", "T");
}

/** ms since the epoch of a `datetime-local` value; undefined when it is empty or no date. */
export function fromLocalInput(text: string): number | undefined {
  if (text === "") return undefined;
  const time = parseInShownZone(text);
  return Number.isNaN(time) ? undefined : time;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
