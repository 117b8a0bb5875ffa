/** Fewer values say nothing about how they hang together in time. */
const LEAST_VALUES = 40;
/** Independent values look as if they hung together more than this in one of five, and in one of twenty, cases. */
const ONE_IN_FIVE = 0.8416;
const ONE_IN_TWENTY = 1.6449;

export interface SerialNoise {
  /** By how much the variance of a mean exceeds that of independent values; 1 where that may be chance. */
  readonly inflation: number;
  /** Degrees of freedom of the variance; undefined where values do not clearly hang together. */
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
  // Wilson and Hilferty's approximation of the quantiles of a variance with so many degrees of freedom.
  const share = 2 / (9 * df);
  const quantile = (z: number) => (1 - share + z * Math.sqrt(share)) ** 3;
  return {
    inflation: ratio > quantile(ONE_IN_FIVE) ? ratio : 1,
    df: ratio > quantile(ONE_IN_TWENTY) ? df : undefined,
  };
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
