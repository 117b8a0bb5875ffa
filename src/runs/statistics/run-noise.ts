/** The middle of the absolute value of a standard normal variable. */
const MIDDLE = 0.674489750196082;
const STEPS = 60;

/** One change that was measured, with its standard error. */
export interface MeasuredChange {
  readonly change: number;
  readonly error: number;
}

export interface RunNoise {
  /** By how much the two runs as a whole differ: the median of the changes. */
  readonly shift: number;
  /** Standard deviation of the changes around it, beyond what their own errors make. */
  readonly scatter: number;
}

/**
 * What two runs differ in everywhere: others on the machine slow a run as a whole, and each operation a little
 * differently. The bulk of the changes says how much that was, and one that stands for itself has to stand out of it
 * (Efron's empirical null). Medians, so that a few real changes alter nothing.
 */
export function runNoise(changes: readonly MeasuredChange[]): RunNoise {
  const shift = median(changes.map(({ change }) => change));
  return { shift, scatter: scatterAround(shift, changes) };
}

/** Standard deviation of changes around a shift, beyond what their own errors make. */
export function scatterAround(shift: number, changes: readonly MeasuredChange[]): number {
  const excess = (scatter: number) =>
    median(changes.map(({ change, error }) => Math.abs(change - shift) / Math.hypot(error, scatter))) - MIDDLE;
  let low = 0;
  let high = Math.max(...changes.map(({ change }) => Math.abs(change - shift))) / MIDDLE;
  if (!(high > 0) || !(excess(0) > 0)) return 0;
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    if (excess(middle) > 0) low = middle;
    else high = middle;
  }
  return high;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[at] as number) : ((sorted[at - 1] as number) + (sorted[at] as number)) / 2;
}
