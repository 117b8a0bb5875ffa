/** Fewer values say nothing about how they hang together in time. */
const LEAST_VALUES = 40;
/** Upper 95 % point of F in Wilson and Hilferty's approximation, for the degrees of freedom that batches leave. */
const Z95 = 1.6449;

export interface SerialNoise {
  /** By how much the variance of a mean exceeds that of independent values; at least 1. */
  readonly inflation: number;
  /** Degrees of freedom of the variance; undefined where values look independent. */
  readonly df: number | undefined;
}

/**
 * Whether values that follow one another in time hang together, as they do on a machine that others use: the variance
 * of means of batches against that of single values (the method of batch means).
 * @param samples each in the order of time
 */
export function serialNoise(samples: readonly Float64Array[]): SerialNoise {
  let [observed, independent, df] = [0, 0, 0];
  for (const sample of samples) {
    if (sample.length < LEAST_VALUES) return { inflation: 1, df: undefined };
    const batches = Math.floor(Math.sqrt(sample.length));
    const size = Math.floor(sample.length / batches);
    const means = Float64Array.from({ length: batches }, (_, i) => mean(sample.subarray(i * size, (i + 1) * size)));
    observed += (size * variance(means)) / sample.length;
    independent += variance(sample) / sample.length;
    df += batches - 1;
  }
  const ratio = independent > 0 ? observed / independent : 1;
  const share = 2 / (9 * df);
  const doubtful = (1 - share + Z95 * Math.sqrt(share)) ** 3;
  return { inflation: Math.max(1, ratio), df: ratio > doubtful ? df : undefined };
}

/** For each value the share of the other sample below it, half of what is equal counted. `sorted` is the other one. */
export function placements(values: Float64Array, sorted: Float64Array): Float64Array {
  return values.map((value) => {
    const below = firstFrom(sorted, (other) => other >= value);
    const through = firstFrom(sorted, (other) => other > value);
    return (below + through) / 2 / sorted.length;
  });
}

function firstFrom(sorted: Float64Array, holds: (value: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(sorted[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: Float64Array): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
}
