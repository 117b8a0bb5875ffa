import { SPAN_MARK, STATUS_CODE } from "../../model/span.ts";

/** What is looked at of a trace in pre-order; arrays are indexed by row. */
export interface ErrorRows {
  readonly count: number;
  /** A smaller row, or less than 0. */
  readonly parent: Int32Array;
  /** STATUS_CODE. */
  readonly status: Uint8Array;
  /** Bits of SPAN_MARK. */
  readonly marks: Uint8Array;
  /** ns after any base. */
  readonly start: Float64Array;
}

/**
 * Where a trace went wrong first: of the failed spans below which nothing failed, at any depth, the earliest. Errors
 * travel up, through spans that set no status too, so those above say less. Starts that cannot be come last.
 * The one answer for lists, pages and commands; undefined for a trace without errors.
 */
export function firstErrorRow({ count, parent, status, marks, start }: ErrorRows): number | undefined {
  const failedBelow = new Uint8Array(count);
  let first: number | undefined;
  const isLater = (row: number, other: number): boolean => {
    const impossible = (marks[row] as number) & SPAN_MARK.impossibleTime;
    if (impossible !== ((marks[other] as number) & SPAN_MARK.impossibleTime)) return impossible !== 0;
    return (start[row] as number) > (start[other] as number);
  };
  for (let row = count - 1; row >= 0; row--) {
    const failed = status[row] === STATUS_CODE.error;
    const up = parent[row] as number;
    if ((failed || failedBelow[row] === 1) && up >= 0) failedBelow[up] = 1;
    if (failed && failedBelow[row] === 0 && (first === undefined || !isLater(row, first))) first = row;
  }
  return first;
}
