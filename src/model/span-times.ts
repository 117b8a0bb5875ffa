/** 2000-01-01 and 2200-01-01, ns since the epoch. */
const EARLIEST = 946_684_800_000_000_000n;
const LATEST = 7_258_118_400_000_000_000n;

/** No span that is to be believed starts before it; ns since the epoch, exact as a number. */
export const EARLIEST_TIME = Number(EARLIEST);

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

function halves(time: bigint): [high: number, low: number] {
  return [Number(time >> 32n), Number(time & 0xffff_ffffn)];
}
