import type { SegmentId, SegmentPosition } from "../../model/log.ts";
import type { SpanColumns } from "../../model/span-columns.ts";
import type { BlockTraces } from "./block-traces.ts";

/** Which block of the log it is. */
export interface BlockName {
  /** Id of its segment. */
  readonly segment: SegmentId;
  /** In its segment, from 1 without gaps. */
  readonly number: number;
}

/** One block of the log as a reader holds it. */
export interface CachedBlock extends BlockName {
  /** Of its segment. */
  readonly position: SegmentPosition;
  readonly receivedAtMs: number;
  readonly columns: SpanColumns;
  readonly traces: BlockTraces;
  readonly bloom: Uint8Array;
}

/** Earliest start and latest end of a trace's spans, ns since the epoch. */
export interface TraceTimes {
  readonly start: bigint;
  readonly end: bigint;
  /** False: no span has a duration (`hasDuration`), so the trace has none either. */
  readonly ended: boolean;
}

/** The rows of one block that belong to one trace, ascending. */
export interface TraceRows {
  readonly block: CachedBlock;
  readonly rows: readonly number[];
}
