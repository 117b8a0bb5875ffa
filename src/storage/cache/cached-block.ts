import type { SpanColumns } from "../../model/span-columns.ts";
import type { BlockTraces } from "./block-traces.ts";

/** One row of the log as a reader holds it. */
export interface CachedBlock {
  readonly segment: number;
  readonly row: number;
  readonly receivedAtMs: number;
  readonly columns: SpanColumns;
  readonly traces: BlockTraces;
  readonly bloom: Uint8Array;
}

/** Earliest start and latest end of a trace's spans, ns since the epoch. */
export interface TraceTimes {
  readonly start: bigint;
  readonly end: bigint;
}

/** The rows of one block that belong to one trace, ascending. */
export interface TraceRows {
  readonly block: CachedBlock;
  readonly rows: readonly number[];
}
