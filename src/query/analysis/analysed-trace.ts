import type { SpanKind } from "../../model/span.ts";

/**
 * A trace in pre-order as it is analysed: a span, then its children by start, each with its own. Arrays are indexed by
 * row; times are ns after one base.
 */
export interface AnalysedTrace {
  readonly count: number;
  /** A smaller row, or less than 0. */
  readonly parent: Int32Array;
  /** Rows that name a parent which is not stored. */
  readonly missingRows: ArrayLike<number>;
  readonly start: Float64Array;
  /** May be negative. */
  readonly duration: Float64Array;
  /** STATUS_CODE. */
  readonly status: Uint8Array;
  /** SPAN_KIND. */
  readonly kind: Uint8Array;
  /** Bits of SPAN_MARK. */
  readonly marks: Uint8Array;
  /** Position in services. */
  readonly service: Uint32Array;
  /** Position in names. */
  readonly name: Uint32Array;
  readonly services: readonly string[];
  readonly names: readonly string[];
}

/** What spans are compared by: those of one operation are alike. */
export interface OperationName {
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
}

export function operationAt(trace: AnalysedTrace, row: number): OperationName {
  return {
    service: trace.services[trace.service[row] as number] as string,
    name: trace.names[trace.name[row] as number] as string,
    kind: trace.kind[row] as SpanKind,
  };
}

/** Rows of each subtree, the row itself included. */
export function subtreeSizes({ count, parent }: Pick<AnalysedTrace, "count" | "parent">): Int32Array {
  const size = new Int32Array(count).fill(1);
  for (let row = count - 1; row >= 0; row--) {
    const up = parent[row] as number;
    if (up >= 0) size[up] = (size[up] as number) + (size[row] as number);
  }
  return size;
}
