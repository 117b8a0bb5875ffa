/** 2000-01-01 and 2200-01-01, ns since the epoch. */
const EARLIEST = 946_684_800_000_000_000n;
const LATEST = 7_258_118_400_000_000_000n;

/** What a difference of float64 and a base makes of 0 at most, ns. */
const ROUNDING = 4_096;

/** No span that is to be believed starts before it; ns since the epoch, exact as a number. */
export const EARLIEST_TIME = Number(EARLIEST);
/** What is later is no time; ns since the epoch. */
export const LATEST_TIME = LATEST;

const [EARLIEST_HIGH, EARLIEST_LOW] = halves(EARLIEST);
const [LATEST_HIGH, LATEST_LOW] = halves(LATEST);

/**
 * How far a time of a span can be believed. `early` is that of a clock that was never set, and counts from 1970: times
 * of one such clock can be compared with each other. `none` is 0, as a span has it that is still open, or after 2200.
 */
export const TIME_CLASS = { none: 0, early: 1, possible: 2 } as const;
export type TimeClass = (typeof TIME_CLASS)[keyof typeof TIME_CLASS];

/** Of a time as the two halves of a u64, ns since the epoch. */
export function timeClass(high: number, low: number): TimeClass {
  if (high > LATEST_HIGH || (high === LATEST_HIGH && low > LATEST_LOW) || (high === 0 && low === 0)) {
    return TIME_CLASS.none;
  }
  const early = high < EARLIEST_HIGH || (high === EARLIEST_HIGH && low < EARLIEST_LOW);
  return early ? TIME_CLASS.early : TIME_CLASS.possible;
}

/** Whether a start or an end, ns since the epoch as a float64 (256 ns a step today), is one at all. */
export function isTime(time: number): boolean {
  return time > ROUNDING && time <= Number(LATEST);
}

/** Of ns since the epoch. */
export function timeClassOf(time: bigint): TimeClass {
  return timeClass(...halves(time));
}

/**
 * Whether what lies between two times is a duration: both are to be believed, and one as much as the other. Between a
 * clock that was never set and one that was, or to a time that is none, no length is known.
 */
export function makesDuration(start: bigint, end: bigint): boolean {
  const of = timeClassOf(start);
  return of !== TIME_CLASS.none && of === timeClassOf(end);
}

function halves(time: bigint): [high: number, low: number] {
  return [Number(time >> 32n), Number(time & 0xffff_ffffn)];
}
