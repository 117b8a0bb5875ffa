/**
 * Nanoseconds of a minute are 2^11 · MINUTE_UNITS: without that power of two a start fits into 53 bits, so that a span
 * that begins 1 ns before a full minute is not counted to the next.
 */
const MINUTE_UNITS = 60e9 / 2 ** 11;

/** Full minutes from the epoch to a start, given as the two halves of SpanColumns. */
export function startMinute(high: number, low: number): number {
  return Math.floor((high * 2 ** 21 + (low >>> 11)) / MINUTE_UNITS);
}

/** Spans that start further from their receipt are not counted: made-up times would make a row each. Minutes. */
const OLDEST_MINUTES = 400 * 1440;
const NEWEST_MINUTES = 1440;

/** Whether a start is too far from its receipt to be counted; both in full minutes from the epoch. */
export function isFar(startMinute: number, receivedMinute: number): boolean {
  return startMinute < receivedMinute - OLDEST_MINUTES || startMinute > receivedMinute + NEWEST_MINUTES;
}
