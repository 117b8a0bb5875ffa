import type { PathFigures } from "../population/population.ts";
import { fisherUpper } from "../statistics/fisher.ts";
import { rankTest } from "../statistics/rank-test.ts";
import type { PathPair } from "./match-paths.ts";

/** So many traces that all have one number of calls are taken for code that always makes so many. */
const SAME_EACH_TIME = 3;

export interface CountChange {
  readonly before: number;
  readonly after: number;
  /** Whether the second run has more. */
  readonly more: boolean;
  /** One-sided, of that direction; undefined where nothing has to be tested to see it. */
  readonly p: number | undefined;
}

/** Calls for each call of the parent. Undefined where nothing differs, or a root or the parent is not in both runs. */
export function callChange({ parent, before, after }: PathPair, tail: (z: number) => number): CountChange | undefined {
  if (parent?.before === undefined || parent.after === undefined) return undefined;
  const first = callCounts(before, parent.before.traces);
  const second = callCounts(after, parent.after.traces);
  const [meanBefore, meanAfter] = [meanOf(first), meanOf(second)];
  const more = meanAfter > meanBefore;
  const [less, greater] = more ? [first, second] : [second, first];
  const means = { before: meanBefore, after: meanAfter, more };
  if (alwaysMore(less, greater)) return { ...means, p: undefined };
  const test = rankTest(expanded(less), expanded(greater));
  return test === undefined ? undefined : { ...means, p: tail(test.z) };
}

/** Traces with a failed span of the path. Undefined where neither run has one. */
export function errorChange(before: PathFigures, after: PathFigures): CountChange | undefined {
  if (before.failedTraces + after.failedTraces === 0) return undefined;
  const rates = { before: before.failedTraces / before.traces, after: after.failedTraces / after.traces };
  const more = rates.after > rates.before;
  const [low, high] = more ? [before, after] : [after, before];
  return { ...rates, more, p: fisherUpper(high.failedTraces, high.traces, low.failedTraces, low.traces) };
}

/** Calls with how many traces have so many, those of the parent that have none included. */
function callCounts(path: PathFigures | undefined, traces: number): ReadonlyMap<number, number> {
  const none = traces - (path?.traces ?? 0);
  const calls = path?.calls ?? new Map<number, number>();
  return none > 0 ? new Map([[0, none], ...calls]) : calls;
}

/** Each trace of the first makes one number of calls, and each of the second at least one more. */
function alwaysMore(first: ReadonlyMap<number, number>, second: ReadonlyMap<number, number>): boolean {
  const [usual] = first.keys();
  if (usual === undefined || first.size !== 1) return false;
  const enough = totalOf(first) >= SAME_EACH_TIME && totalOf(second) >= SAME_EACH_TIME;
  return enough && Math.min(...second.keys()) >= usual + 1;
}

/** At most so many values of a sample are compared: ranks of more say nothing else. */
const MOST_VALUES = 4_000;

function expanded(counts: ReadonlyMap<number, number>): Float64Array {
  const share = Math.min(1, MOST_VALUES / totalOf(counts));
  const values = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([value, times]) => ({ value, times: Math.round(times * share) }));
  return Float64Array.from(values.flatMap(({ value, times }) => new Array<number>(times).fill(value)));
}

function totalOf(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((sum, times) => sum + times, 0);
}

function meanOf(counts: ReadonlyMap<number, number>): number {
  const sum = [...counts].reduce((total, [value, times]) => total + value * times, 0);
  return sum / Math.max(1, totalOf(counts));
}
