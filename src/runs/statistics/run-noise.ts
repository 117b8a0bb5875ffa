import { normalUpperQuantile } from "./normal.ts";

/** The share of the changes that are not the outermost. */
const INNER = 0.85;
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

/** Standard deviation of changes around a shift, beyond what their own errors make: that of the bulk of them. */
export function scatterAround(shift: number, changes: readonly MeasuredChange[]): number {
  return scatterBy(shift, changes, 0.5, median);
}

/** The same of all but the outermost: a minority that scatters by itself is seen, and one in ten may be anywhere. */
export function innerScatterAround(shift: number, changes: readonly MeasuredChange[]): number {
  return scatterBy(shift, changes, INNER, (values) => {
    const sorted = values.toSorted((a, b) => a - b);
    return sorted[Math.floor(INNER * (sorted.length - 1))] as number;
  });
}

/** The scatter with which the value at a share of the changes is where a normal variable has it. */
function scatterBy(
  shift: number,
  changes: readonly MeasuredChange[],
  share: number,
  valueAt: (values: readonly number[]) => number,
): number {
  const width = normalUpperQuantile((1 - share) / 2);
  const excess = (scatter: number) =>
    valueAt(changes.map(({ change, error }) => Math.abs(change - shift) / Math.hypot(error, scatter))) - width;
  let low = 0;
  let high = Math.max(...changes.map(({ change }) => Math.abs(change - shift))) / width;
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
