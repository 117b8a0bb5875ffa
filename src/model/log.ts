import type { SpanColumns } from "./span-columns.ts";

declare const flavour: unique symbol;

/**
 * Name of a segment: its file has it. Never used again; a sealed segment has another than the one whose place it took.
 */
export type SegmentId = number & { readonly [flavour]?: "id" };

/** Place of a segment in the log, by which cursors name it: greater is newer. A sealed segment keeps it. */
export type SegmentPosition = number & { readonly [flavour]?: "position" };

/**
 * A place in the log: everything before and including block `block` of a segment is done. Ordered by segment, then
 * block.
 */
export interface Cursor {
  readonly segment: SegmentPosition;
  /** In its segment, from 1 without gaps; 0 before the first. */
  readonly block: number;
}

/** One block of the log, decompressed. Shared and immutable. */
export interface LogBlock {
  /** The cursor that has this block done. */
  readonly next: Cursor;
  /** Wall clock when the collector took its spans, ms since the epoch. */
  readonly receivedAtMs: number;
  /** OTLP protobuf bytes: an opentelemetry.proto.trace.v1.TracesData message (= ExportTraceServiceRequest). */
  readonly body: Uint8Array;
  readonly columns: SpanColumns;
}

/** The rows of one block that belong to a trace, or that a deletion has left. */
export interface LogFragment {
  readonly block: LogBlock;
  /** Rows of block.columns, ascending. */
  readonly rows: readonly number[];
  /**
   * Present where ids of 64 and of 128 bits may name one trace (`storage.strict_trace_id: false`): all that name
   * this one, 32 hex digits each. The first is the one under which the trace is shown: the rows have it in
   * `block.body`, and in `block.columns` the ids with which they came.
   */
  readonly traceIds?: readonly string[];
}

/** -1, 0 or 1, as for Array.prototype.sort. */
export function compareCursors(a: Cursor, b: Cursor): number {
  return Math.sign(a.segment - b.segment || a.block - b.block);
}
