import { STATUS_CODE } from "../../model/span.ts";
import { type AnalysedTrace, type OperationName, operationAt, subtreeSizes } from "./analysed-trace.ts";
import { criticalPath } from "./critical-path.ts";
import { type ComparedPlace, type MeasuredTrace, mergedPlaces, type Side } from "./merged-places.ts";
import { rootRow, whyNoRoot } from "./root-row.ts";
import { selfTimes } from "./self-time.ts";
import { operationKey } from "./usual.ts";

/** What a trace is as a whole. */
export interface ComparedRoot {
  /** Absent where it has not arrived. */
  readonly row?: number;
  readonly operation?: OperationName;
  /** Of the root; 0 without one. ns. */
  readonly nano: number;
  /** The root itself failed. */
  readonly failed: boolean;
  /** Why there is no root. */
  readonly missing?: string;
}

/** A place at which the traces are not alike. */
export interface Difference {
  /** Position among the places. */
  readonly place: number;
  /** Of b less that of a, ns: how long all calls there ran together; of that, what nothing below them ran in. */
  readonly nano: number;
  readonly selfNano: number;
  /** Of `selfNano` what the requests waited for. Those of all places sum up to how much longer b's root took. */
  readonly pathNano: number;
  /** Failed calls of b less those of a. */
  readonly failed: number;
  /** Calls for each call of the place above; absent where they are as many. */
  readonly perParent?: { readonly a: number; readonly b: number };
  /** Only this trace calls it there. */
  readonly only?: Side;
}

export interface TraceComparison {
  readonly a: ComparedRoot;
  readonly b: ComparedRoot;
  /** Both roots are of one operation: others can be compared, and say little. */
  readonly sameOperation: boolean;
  /** In pre-order. */
  readonly places: readonly ComparedPlace[];
  /** What says most comes first. */
  readonly differences: readonly Difference[];
}

/** Times that differ by less are alike: of the longer root, and ns. */
const LEAST_SHARE = 0.01;
const LEAST_NANO = 200_000;
/** Of the longer of both times. */
const LEAST_CHANGE = 0.1;

/**
 * How trace b differs from trace a, by service and operation path: where its time went, what failed, what was called
 * more or less often, what is new or gone. Differences are ordered by what they add to or take from the critical path;
 * those that add nothing by whether calls failed in one of the traces only, the lowest first.
 */
export function compareTraces(a: AnalysedTrace, b: AnalysedTrace): TraceComparison {
  const roots = { a: rootOf(a), b: rootOf(b) };
  const places = mergedPlaces({ a: measured(a, roots.a), b: measured(b, roots.b) });
  const least = Math.max(LEAST_NANO, LEAST_SHARE * Math.max(roots.a.nano, roots.b.nano));
  const found = places.flatMap((place, at) => differenceAt(places, place, at, least) ?? []);
  const differences = inOrder(found, places, least);
  const [first, second] = [roots.a.operation, roots.b.operation];
  const sameOperation = first !== undefined && second !== undefined && operationKey(first) === operationKey(second);
  return { ...roots, sameOperation, places, differences };
}

function rootOf(trace: AnalysedTrace): ComparedRoot {
  const row = rootRow(trace, subtreeSizes(trace));
  if (row === undefined) return { nano: 0, failed: false, missing: whyNoRoot(trace) };
  const failed = trace.status[row] === STATUS_CODE.error;
  return { row, operation: operationAt(trace, row), nano: trace.duration[row] as number, failed };
}

function measured(trace: AnalysedTrace, { row }: ComparedRoot): MeasuredTrace {
  const path = row === undefined ? new Float64Array(trace.count) : criticalPath(trace, row).own;
  return { trace, self: selfTimes(trace), path };
}

function differenceAt(
  places: readonly ComparedPlace[],
  place: ComparedPlace,
  at: number,
  leastNano: number,
): Difference | undefined {
  const { a, b } = place;
  const above = places[place.parent];
  const change = (of: "nano" | "selfNano" | "pathNano" | "failed") => (b?.[of] ?? 0) - (a?.[of] ?? 0);
  const differs = (of: "selfNano" | "pathNano") =>
    Math.abs(change(of)) >= Math.max(leastNano, LEAST_CHANGE * Math.max(a?.[of] ?? 0, b?.[of] ?? 0));
  // Of what is new or gone as a whole its top is told, and what took time.
  const only = onlySide(place);
  const isTop = only !== undefined && (above === undefined || onlySide(above) !== only);
  const perParent = callsPerParent(place, above);
  const failed = change("failed");
  if (!differs("selfNano") && !differs("pathNano") && failed === 0 && perParent === undefined && !isTop) {
    return undefined;
  }
  return {
    place: at,
    nano: change("nano"),
    selfNano: change("selfNano"),
    pathNano: change("pathNano"),
    failed,
    ...(perParent === undefined ? {} : { perParent }),
    ...(only === undefined ? {} : { only }),
  };
}

function onlySide({ a, b }: ComparedPlace): Side | undefined {
  if (a === undefined) return "b";
  return b === undefined ? "a" : undefined;
}

function callsPerParent({ a, b }: ComparedPlace, above: ComparedPlace | undefined): Difference["perParent"] {
  if (a === undefined || b === undefined) return undefined;
  const rates = { a: a.calls / (above?.a?.calls ?? 1), b: b.calls / (above?.b?.calls ?? 1) };
  return rates.a === rates.b ? undefined : rates;
}

/** What decides the order of differences, the greatest first. */
function weightsOf({ pathNano, selfNano, failed, place }: Difference, depth: number, leastNano: number): number[] {
  const waited = Math.abs(pathNano) >= leastNano ? Math.abs(pathNano) : 0;
  // Errors travel up: the lowest place says most of why.
  const fails = failed === 0 ? 0 : depth + 1;
  return [waited, fails, Math.abs(selfNano), -place];
}

function inOrder(
  differences: readonly Difference[],
  places: readonly ComparedPlace[],
  leastNano: number,
): Difference[] {
  return differences
    .map((of) => ({ of, weights: weightsOf(of, (places[of.place] as ComparedPlace).depth, leastNano) }))
    .sort((one, other) => {
      const at = one.weights.findIndex((weight, i) => weight !== other.weights[i]);
      return at < 0 ? 0 : (other.weights[at] as number) - (one.weights[at] as number);
    })
    .map(({ of }) => of);
}
