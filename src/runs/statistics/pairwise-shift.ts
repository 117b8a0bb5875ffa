import { normalUpperQuantile } from "./normal.ts";

export interface Shift {
  /** Hodges and Lehmann's estimate: the median of all differences of one value of each sample. */
  readonly estimate: number;
  /** The ends of its interval of 95 % confidence (Moses): differences again. */
  readonly low: number;
  readonly high: number;
  /** Standard error that the interval stands for. */
  readonly error: number;
}

const Z95 = normalUpperQuantile(0.025);
const STEPS = 64;

/**
 * How far the second sample is shifted against the first.
 * @param before sorted, not empty
 * @param after sorted, not empty
 */
export function pairwiseShift(before: Float64Array, after: Float64Array): Shift {
  const [n, m] = [before.length, after.length];
  const pairs = n * m;
  const estimate = (differenceAt(before, after, (pairs + 1) >> 1) + differenceAt(before, after, (pairs >> 1) + 1)) / 2;
  const out = Z95 * Math.sqrt((pairs * (n + m + 1)) / 12);
  const rank = Math.min(Math.max(1, Math.floor(pairs / 2 - out)), pairs);
  const low = differenceAt(before, after, rank);
  const high = differenceAt(before, after, pairs + 1 - rank);
  return { estimate, low, high, error: (high - low) / (2 * Z95) };
}

/** The difference of rank `rank`, from 1, by halving the range of values: no list of pairs is made. */
function differenceAt(before: Float64Array, after: Float64Array, rank: number): number {
  let low = (after[0] as number) - (before.at(-1) as number);
  let high = (after.at(-1) as number) - (before[0] as number);
  if (countUpTo(before, after, low) >= rank) return low;
  for (let step = 0; step < STEPS; step++) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    if (countUpTo(before, after, middle) >= rank) high = middle;
    else low = middle;
  }
  return high;
}

function countUpTo(before: Float64Array, after: Float64Array, limit: number): number {
  let count = 0;
  let j = 0;
  for (const value of before) {
    while (j < after.length && (after[j] as number) - value <= limit) j++;
    count += j;
  }
  return count;
}
