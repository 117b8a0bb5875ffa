import type { SpanColumns } from "./span-columns.ts";

/** A place in the log: everything before row `row` of segment `segment` is done. Ordered by segment, then row. */
export interface Cursor {
  readonly segment: number;
  readonly row: number;
}

/** One row of the log, decompressed: at most 512 spans unless a single span is larger. Shared and immutable. */
export interface LogBatch {
  /** The cursor that has this batch done. */
  readonly next: Cursor;
  /** Wall clock when the collector took the batch, ms since the epoch. */
  readonly receivedAtMs: number;
  /** OTLP protobuf bytes: an opentelemetry.proto.trace.v1.TracesData message (= ExportTraceServiceRequest). */
  readonly body: Uint8Array;
  readonly columns: SpanColumns;
}

/** The rows of one batch that belong to a trace, or that a deletion has left. */
export interface LogFragment {
  readonly batch: LogBatch;
  /** Rows of batch.columns, ascending. */
  readonly rows: readonly number[];
}

/** -1, 0 or 1, as for Array.prototype.sort. */
export function compareCursors(a: Cursor, b: Cursor): number {
  return Math.sign(a.segment - b.segment || a.row - b.row);
}
