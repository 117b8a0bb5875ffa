import { STATUS_CODE } from "../../model/span.ts";
import { type AnalysedTrace, operationAt, subtreeSizes } from "./analysed-trace.ts";
import { type Blame, findBlame } from "./blame.ts";
import { isOutOfStep } from "./clock-skew.ts";
import { criticalPath } from "./critical-path.ts";
import { firstErrorRow } from "./first-error-row.ts";
import { mainRepeat, type Repeat } from "./repeats.ts";
import { rootRow, whyNoRoot } from "./root-row.ts";
import { isSlow, LEAST_SAMPLES, type Usual, type UsualOf } from "./usual.ts";

/** What there is to say of a trace as a whole. Parts are absent where there is nothing to say, or no knowing. */
export interface TraceVerdict {
  readonly root?: number;
  readonly slow?: { readonly durationNano: number; readonly usual: Usual; readonly blame?: Blame };
  readonly failed?: {
    /** Where it went wrong first. */
    readonly row: number;
    readonly count: number;
    /** The root did not fail. */
    readonly recovered: boolean;
  };
  readonly repeated?: Repeat;
  /** Why nothing is said of the duration; absent where something is, and where it is usual. */
  readonly silent?: string;
}

/** Of the root's duration: what is missing or out of place beyond this makes the path uncertain. */
const MUCH = 0.1;

/** `growing`: spans of the trace have just arrived, so that more may. */
export function judge(trace: AnalysedTrace, usualOf: UsualOf, growing: boolean): TraceVerdict {
  const root = rootRow(trace, subtreeSizes(trace));
  const failed = failureOf(trace, root);
  if (root === undefined) return { ...failed, silent: whyNoRoot(trace) };
  const repeat = growing ? undefined : mainRepeat(trace, root);
  return {
    root,
    ...failed,
    ...(repeat === undefined ? {} : { repeated: repeat }),
    ...slowness(trace, root, usualOf, growing),
  };
}

function failureOf(trace: AnalysedTrace, root: number | undefined): Pick<TraceVerdict, "failed"> {
  const row = firstErrorRow(trace);
  if (row === undefined) return {};
  let count = 0;
  for (const status of trace.status) if (status === STATUS_CODE.error) count++;
  return { failed: { row, count, recovered: root !== undefined && trace.status[root] !== STATUS_CODE.error } };
}

function slowness(
  trace: AnalysedTrace,
  root: number,
  usualOf: UsualOf,
  growing: boolean,
): Pick<TraceVerdict, "slow" | "silent"> {
  if (growing) return { silent: "spans are still arriving" };
  const durationNano = trace.duration[root] as number;
  const usual = usualOf(operationAt(trace, root));
  if (usual === undefined || usual.samples < LEAST_SAMPLES) {
    return { silent: `fewer than ${LEAST_SAMPLES} requests of this kind were seen in the day before or after` };
  }
  if (!isSlow(durationNano, usual)) return {};
  const doubt = doubtOf(trace, root);
  if (doubt !== undefined) return { silent: doubt };
  const blame = findBlame(trace, root, criticalPath(trace, root), usualOf);
  return { slow: { durationNano, usual, ...(blame === undefined ? {} : { blame }) } };
}

/** Why the critical path is not to be trusted. */
function doubtOf(trace: AnalysedTrace, root: number): string | undefined {
  const { start, duration } = trace;
  const rootStart = start[root] as number;
  const rootNano = duration[root] as number;
  const much = MUCH * rootNano;
  const endOf = (row: number) => (start[row] as number) + (duration[row] as number);
  for (let i = 0; i < trace.missingRows.length; i++) {
    const row = trace.missingRows[i] as number;
    const inside = Math.min(endOf(row), rootStart + rootNano) - Math.max(start[row] as number, rootStart);
    if (inside > much) return "spans between the root and others have not arrived";
  }
  for (let row = root + 1; row < trace.count; row++) {
    if (isOutOfStep(trace, row, much)) return "clocks of its services differ";
  }
  return undefined;
}
