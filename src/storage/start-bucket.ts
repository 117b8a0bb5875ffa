/**
 * Nanoseconds of a minute are 2^11 · MINUTE_UNITS, those of an hour 2^13 · HOUR_UNITS: without these powers of two a start
 * fits into 53 bits, so that a span that begins 1 ns before a full hour is not counted to the next.
 */
const MINUTE_UNITS = 60e9 / 2 ** 11;
const HOUR_UNITS = 3600e9 / 2 ** 13;

/** Full minutes from the epoch to a start, given as the two halves of SpanColumns. */
export function startMinute(high: number, low: number): number {
  return Math.floor((high * 2 ** 21 + (low >>> 11)) / MINUTE_UNITS);
}

/** The same for full hours. */
export function startHour(high: number, low: number): number {
  return Math.floor((high * 2 ** 19 + (low >>> 13)) / HOUR_UNITS);
}
