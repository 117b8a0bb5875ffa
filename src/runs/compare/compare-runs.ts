import type { RunPopulation } from "../population/population.ts";
import { median } from "../statistics/run-noise.ts";
import { causesOf } from "./causes.ts";
import type { CompareSettings } from "./compare-settings.ts";
import type { ComparedOperation, RunChange, RunComparison, RunSize } from "./comparison.ts";
import { findChanges } from "./find-changes.ts";
import { leastDetectable } from "./least-detectable.ts";
import { matchPaths, type PathPair } from "./match-paths.ts";
import { measureTimes, type TimedPair } from "./measure-times.ts";

/** Less of the time of both runs in operations that can be judged says nothing of them as a whole. */
const LEAST_JUDGED_SHARE = 0.5;

/**
 * Compares two runs path by path: times by ranks with one figure a trace, calls and errors by counts, all corrected for
 * being many; what differs everywhere is told apart from what one operation does.
 */
export function compareRuns(before: RunPopulation, after: RunPopulation, settings: CompareSettings): RunComparison {
  const pairs = matchPaths(before, after);
  const common = pairs.filter((pair) => pair.before !== undefined && pair.after !== undefined);
  const { timed, shift, isNoiseKnown, scatter, durationScatter, shiftPaths } = measureTimes(common, settings);
  const { changes, tests } = findChanges(pairs, timed, { ...settings, scatter, durationScatter });
  const shifted = Math.abs(shift) >= Math.log1p(settings.minEffect);
  const ratio = Math.exp(shift);
  const shiftWorse = settings.maxShift !== undefined && ratio > 1 + settings.maxShift;
  const worse = shiftWorse || changes.some((change) => change.worse);
  const undecided = worse ? undefined : whyUndecided(common, timed);
  const detectable = leastDetectable(timed, { ...settings, scatter, tests });
  return {
    verdict: worse ? "worse" : undecided === undefined ? "equal" : "undecided",
    ...(undecided === undefined ? {} : { undecided }),
    before: sizeOf(before),
    after: sizeOf(after),
    ...(shifted ? { shift: { ratio, paths: shiftPaths, worse: shiftWorse } } : {}),
    ...(isNoiseKnown ? { noise: Math.expm1(scatter) } : {}),
    changes: causesOf(changes).sort(byWeight),
    ...(detectable === undefined ? {} : { leastDetectable: detectable }),
    operations: timed.map(comparedOperation),
    commonPaths: common.length,
    unjudgedPaths: common.length - timed.length,
    minEffect: settings.minEffect,
  };
}

function whyUndecided(common: readonly PathPair[], timed: readonly TimedPair[]): string | undefined {
  if (common.length === 0) return "no operation is in both runs";
  const judged = new Set(timed.map(({ pair }) => pair));
  const shareOf = (side: "before" | "after") => {
    const time = (pair: PathPair) => pair[side]?.totalSelfNano ?? 0;
    const all = common.reduce((sum, pair) => sum + time(pair), 0);
    const known = common.reduce((sum, pair) => sum + (judged.has(pair) ? time(pair) : 0), 0);
    return all === 0 ? judged.size / common.length : known / all;
  };
  if (Math.min(shareOf("before"), shareOf("after")) >= LEAST_JUDGED_SHARE) return undefined;
  const few = common.length - timed.length;
  return `${few} of ${common.length} operations, with most of the time, are in too few traces to be judged`;
}

function comparedOperation({ pair, self }: TimedPair): ComparedOperation {
  return {
    path: pair.steps,
    tracesBefore: pair.before?.traces ?? 0,
    tracesAfter: pair.after?.traces ?? 0,
    selfBefore: median([...(pair.before?.selfNano ?? [])]),
    selfAfter: median([...(pair.after?.selfNano ?? [])]),
    ratio: Math.exp(self.change),
  };
}

function sizeOf({ traces, spans, paths }: RunPopulation): RunSize {
  return { traces, spans, paths: paths.length };
}

function byWeight(a: RunChange, b: RunChange): number {
  const rank = ({ worse, cause }: RunChange) => (worse ? 0 : 2) + (cause ? 0 : 1);
  return rank(a) - rank(b) || b.costNano - a.costNano || b.path.length - a.path.length;
}
