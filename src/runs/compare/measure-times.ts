import { runNoise, scatterAround } from "../statistics/run-noise.ts";
import type { CompareSettings } from "./compare-settings.ts";
import type { PathPair } from "./match-paths.ts";
import { type TimeChange, type TimeSamples, testTimes, timeSamples } from "./time-test.ts";

/** With fewer operations nobody can tell a run that is slow from operations that are. */
const LEAST_PATHS = 8;
/** With fewer operations that call others their durations are taken to scatter as self times do. */
const LEAST_CALLERS = 4;

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
  /** Of logarithms: what changes differ by everywhere. */
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
  const { shift, scatter } =
    judged.length < LEAST_PATHS ? { shift: 0, scatter: 0 } : runNoise(samples.map(({ self }) => testTimes(self, 0)));
  const timed = samples.map(({ pair, self, duration }) => ({
    pair,
    self: testTimes(self, shift),
    duration: duration && testTimes(duration, shift),
  }));
  const durations = timed.flatMap(({ duration }) => duration ?? []);
  const own = judged.length < LEAST_PATHS || durations.length < LEAST_CALLERS ? 0 : scatterAround(0, durations);
  return { timed, shift, scatter, durationScatter: Math.max(scatter, own), shiftPaths: judged.length };
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
