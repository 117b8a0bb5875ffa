import { holm } from "../statistics/holm.ts";
import { normalUpperTail } from "../statistics/normal.ts";
import { median } from "../statistics/run-noise.ts";
import { studentUpperTail } from "../statistics/student.ts";
import type { CompareSettings } from "./compare-settings.ts";
import type { ChangeKind, RunChange } from "./comparison.ts";
import { type CountChange, callChange, errorChange } from "./count-tests.ts";
import type { PathPair } from "./match-paths.ts";
import type { MeasuredTimes, TimedPair } from "./measure-times.ts";
import type { TimeChange } from "./time-test.ts";

/** A change with the pair that it is of. */
export interface FoundChange extends RunChange {
  readonly pair: PathPair;
}

/** One comparison among many. */
interface Test {
  /** Undefined: no test was needed. */
  readonly p: number | undefined;
  readonly worse: boolean;
  change(p: number | undefined): FoundChange | undefined;
}

type Settings = CompareSettings & Pick<MeasuredTimes, "scatter" | "durationScatter">;

/** A new operation that is called at least so often for each call of its parent is called for each of some items. */
const CALLED_PER_ITEM = 1.5;

/** All that differs and matters, and how many tests could have said so. */
export function findChanges(
  pairs: readonly PathPair[],
  timed: readonly TimedPair[],
  settings: Settings,
): { readonly changes: FoundChange[]; readonly tests: number } {
  const tests = [
    ...timed.flatMap(({ pair, self, duration }) => [
      timeTest(pair, "self", self, settings),
      ...(duration === undefined ? [] : [timeTest(pair, "duration", duration, settings)]),
    ]),
    ...pairs.flatMap((pair) => countTests(pair, settings)),
    ...pairs.filter(isNewRoot).map(rootTest),
  ];
  const tested = tests.filter(({ p }) => p !== undefined);
  const changes = tests.filter(({ p }) => p === undefined).flatMap((test) => test.change(undefined) ?? []);
  for (const worse of [true, false]) {
    // Each direction by itself, with all tests: what points the other way could have pointed this way.
    const corrected = holm(tested.map((test) => (test.worse === worse ? (test.p as number) : 1)));
    for (const [i, test] of tested.entries()) {
      const p = corrected[i] as number;
      if (test.worse !== worse || p > settings.alpha) continue;
      const change = test.change(p);
      if (change !== undefined) changes.push(change);
    }
  }
  return { changes, tests: tested.length };
}

function timeTest(pair: PathPair, kind: "self" | "duration", of: TimeChange, settings: Settings): Test {
  const z = (of.z * of.error) / Math.hypot(of.error, kind === "self" ? settings.scatter : settings.durationScatter);
  const tail = Math.abs(z);
  return {
    p: of.df === undefined ? normalUpperTail(tail) : studentUpperTail(tail, of.df),
    worse: z > 0,
    change(p) {
      const figures = kind === "self" ? "selfNano" : "durationNano";
      const before = median([...(pair.before?.[figures] ?? [])]);
      const after = median([...(pair.after?.[figures] ?? [])]);
      const ratio = { estimate: Math.exp(of.change), low: Math.exp(of.low), high: Math.exp(of.high) };
      const cost = before * (ratio.estimate - 1);
      if (Math.abs(of.change) < Math.log1p(settings.minEffect) || Math.abs(cost) < settings.minTimeNano)
        return undefined;
      const callsPerTrace = (pair.after?.spans ?? 0) / (pair.after?.traces ?? 1);
      const worse = of.change > 0;
      const times = { ratio, superiority: of.superiority };
      return { ...about(pair, kind, worse), before, after, ...times, p, costNano: cost * callsPerTrace };
    },
  };
}

function countTests(pair: PathPair, settings: Settings): Test[] {
  const calls = callChange(pair, normalUpperTail);
  const { before, after } = pair;
  const errors = before === undefined || after === undefined ? undefined : errorChange(before, after);
  return [
    ...(calls === undefined ? [] : [callTest(pair, calls, settings)]),
    ...(errors === undefined ? [] : [errorTest(pair, errors, settings)]),
  ];
}

function callTest(pair: PathPair, calls: CountChange, { minEffect }: Settings): Test {
  const kind = pair.before === undefined ? "appeared" : pair.after === undefined ? "vanished" : "calls";
  const worse = kind === "appeared" ? calls.after >= CALLED_PER_ITEM : kind === "calls" && calls.more;
  return {
    p: calls.p,
    worse: calls.more,
    change(p) {
      const [least, most] = calls.more ? [calls.before, calls.after] : [calls.after, calls.before];
      if (most < least * (1 + minEffect)) return undefined;
      const figures = pair.after ?? pair.before;
      const parent = pair.parent?.after ?? pair.parent?.before;
      const each = median([...(figures?.durationNano ?? [])]);
      const parentCalls = parent === undefined ? 1 : parent.spans / parent.traces;
      const costNano = (calls.after - calls.before) * parentCalls * each;
      return { ...about(pair, kind, worse), before: calls.before, after: calls.after, p, costNano };
    },
  };
}

function errorTest(pair: PathPair, errors: CountChange, { minErrors }: Settings): Test {
  return {
    p: errors.p,
    worse: errors.more,
    change(p) {
      if (Math.abs(errors.after - errors.before) < minErrors) return undefined;
      return { ...about(pair, "errors", errors.more), before: errors.before, after: errors.after, p, costNano: 0 };
    },
  };
}

/** Requests that one of the runs does not have at all. They change what was run and not how it ran. */
function isNewRoot({ parent, before, after }: PathPair): boolean {
  return parent === undefined && (before === undefined || after === undefined);
}

function rootTest(pair: PathPair): Test {
  const kind = pair.before === undefined ? "appeared" : "vanished";
  const counts = { before: pair.before?.traces ?? 0, after: pair.after?.traces ?? 0 };
  return {
    p: undefined,
    worse: false,
    change: (p) => ({ ...about(pair, kind, false), ...counts, p, costNano: 0 }),
  };
}

function about(pair: PathPair, kind: ChangeKind, worse: boolean) {
  const traces = { tracesBefore: pair.before?.traces ?? 0, tracesAfter: pair.after?.traces ?? 0 };
  return { pair, kind, path: pair.steps, worse, cause: true, ...traces };
}
