import { innerScatterAround, runNoise, scatterAround } from "../statistics/run-noise.ts";
import type { CompareSettings } from "./compare-settings.ts";
import type { PathPair } from "./match-paths.ts";
import { type TimeChange, type TimeSamples, testTimes, timeSamples } from "./time-test.ts";

/**
 * With fewer operations nobody can tell a run that is slow from operations that are. With five, two that are slower are
 * the minority still.
 */
const LEAST_PATHS = 5;
/** With fewer operations that call others their durations are taken to scatter as self times do. */
const LEAST_CALLERS = 4;
/** As much of a shift of the whole run may be what single operations do not share. */
const UNSHARED = 0.5;

export interface TimedPair {
  readonly pair: PathPair;
  readonly self: TimeChange;
  /** Undefined where no span has children: it is `self` then. */
  readonly duration: TimeChange | undefined;
}

export interface MeasuredTimes {
  readonly timed: readonly TimedPair[];
  /** Logarithm of how many times as long all takes, taken out of `timed`. */
  readonly shift: number;
  /** Whether there were enough operations to tell shift and scatter; both are 0 where not. */
  readonly isNoiseKnown: boolean;
  /** Standard deviation of the logarithms of changes: what operations differ by everywhere. */
  readonly scatter: number;
  /** The same of durations, in which the noise of all that is below adds up. */
  readonly durationScatter: number;
  /** Paths that said so. */
  readonly shiftPaths: number;
}

/** Times of the paths that have enough traces in both runs. */
export function measureTimes(common: readonly PathPair[], { alpha }: CompareSettings): MeasuredTimes {
  const judged = common.filter((pair) => canBeJudged(pair, alpha / (2 * common.length)));
  const samples = judged.map((pair) => ({ pair, ...samplesOf(pair) }));
  const enough = judged.length >= LEAST_PATHS;
  const { shift, scatter: bulk } = enough
    ? runNoise(samples.map(({ self }) => testTimes(self, 0)))
    : { shift: 0, scatter: 0 };
  const timed = samples.map(({ pair, self, duration }) => ({
    pair,
    self: testTimes(self, shift),
    duration: duration && testTimes(duration, shift),
  }));
  const selfs = timed.map(({ self }) => self);
  const scatter = enough ? Math.max(bulk, unshared(shift, selfs)) : 0;
  const durations = timed.flatMap(({ duration }) => duration ?? []);
  const own = enough && durations.length >= LEAST_CALLERS ? scatterAround(0, durations) : 0;
  const durationScatter = Math.max(scatter, own);
  return { timed, shift, isNoiseKnown: enough, scatter, durationScatter, shiftPaths: judged.length };
}

/**
 * What of a shift the operations did not share. A busy machine slows what computes; it does not slow a timer, and what
 * waits for others it slows more. Those may be few, so that the bulk does not show them: all but the outermost do. How
 * far they may be from the others depends on the shift; what differs by more, or without a shift, has changed itself.
 */
function unshared(shift: number, changes: readonly TimeChange[]): number {
  return Math.min(UNSHARED * Math.abs(shift), innerScatterAround(0, changes));
}

function samplesOf({ before, after }: PathPair): { readonly self: TimeSamples; readonly duration?: TimeSamples } {
  if (before === undefined || after === undefined) throw new Error("a path that only one run has was to be timed");
  const self = timeSamples(before.selfNano, after.selfNano);
  const isLeaf = before.selfNano === before.durationNano && after.selfNano === after.durationNano;
  return isLeaf ? { self } : { self, duration: timeSamples(before.durationNano, after.durationNano) };
}

/** Whether the most extreme order of so few traces would be taken for a change at all (Tarone). */
function canBeJudged({ before, after }: PathPair, level: number): boolean {
  const [n, m] = [before?.durationNano.length ?? 0, after?.durationNano.length ?? 0];
  let p = 1;
  for (let k = 1; k <= n && p > level; k++) p *= k / (m + k);
  return n > 0 && m > 0 && p <= level;
}
