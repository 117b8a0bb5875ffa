import type { StoreStats } from "../../component/read.ts";
import type { Cursor, SegmentId, SegmentPosition } from "../../model/log.ts";
import type { SpanColumns } from "../../model/span-columns.ts";
import type { SegmentOperation } from "../block/operation-shares.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";

export interface SegmentInfo {
  /** Never used for other rows: a sealed segment has another id than the one whose place it takes. */
  readonly id: SegmentId;
  /** Place in the log, by which cursors name it: greater is newer. */
  readonly position: SegmentPosition;
  /** An open segment may gain rows at any time; a closed one never changes until it is gone. */
  readonly status: "open" | "closed";
}

/** One row of the log without its body. Checked by CRC; immutable. */
export interface BlockHead {
  readonly segment: SegmentId;
  /** From 1 without gaps. */
  readonly block: number;
  /** Over the whole log, growing by 1. */
  readonly sequence: number;
  readonly spans: number;
  /** Spans ever stored up to and including this row. */
  readonly spansThrough: number;
  /** ns since the epoch, clamped to 2^63 − 1: earliest and latest span start, latest span end. */
  readonly minStart: bigint;
  readonly maxStart: bigint;
  readonly maxEnd: bigint;
  /** ms since the epoch. */
  readonly receivedAtMs: number;
  /** For decodeBlockIndex; owns its buffer from offset 0. Names only spans that are not deleted. */
  readonly index: Uint8Array;
  /** For bloomMayContain. */
  readonly bloom: Uint8Array;
}

/**
 * What a reader sees of the stored log, on files opened read-only or on the writer's own databases in memory.
 * Synchronous; every call is one short read transaction, so it sees all that was committed before it. Segments vanish
 * between calls when retention removes them; asking for one that is gone gives nothing rather than an error. So does
 * asking for one that the disk does not give now, or in which damage was met: it is tried again a moment later, and
 * until then such reads are `missed`.
 */
export interface SegmentSource {
  /** Oldest first; segments that were put aside are left out. Holds everything committed before the call. */
  segments(): readonly SegmentInfo[];
  /** Up to `limit` rows after `row` (0 for the first), ascending; fewer means that there are no more now. */
  blocksAfter(segment: SegmentId, block: number, limit: number): readonly BlockHead[];
  /**
   * OTLP protobuf bytes of a row, inflated and CRC checked, with the spans that are deleted: only columns tell which
   * may be shown. Undefined when it is gone, and when it is missed.
   */
  body(segment: SegmentId, block: number): Uint8Array | undefined;
  /** The same off this thread where it can be: bodies that are asked for together come sooner. */
  inflate(segment: SegmentId, block: number): Promise<Uint8Array | undefined>;
  /** Every (service, operation, kind) of the segment; not `complete` beyond OPERATION_LIMITS. */
  operations(segment: SegmentId): { readonly operations: readonly SegmentOperation[]; readonly complete: boolean };
  /** How many these are: an open segment only gains some. */
  operationCount(segment: SegmentId): number;
  /** Sequence of the last committed row; 0 when nothing was ever stored. */
  visibleSequence(): number;
  stats(): StoreStats;
  /** A connection on consumers.db, where aggregates keep their state; not to be written, nor closed. */
  aggregates(): SqlDatabase;
  /**
   * Rows of `columns`, read before from a row of that sequence, that are not deleted by now, ascending; undefined where
   * all are left.
   */
  rowsLeft(segment: SegmentId, sequence: number, columns: SpanColumns): readonly number[] | undefined;
  missed(): MissedReads;
  /** Whether reads of the segment are missed now: what it seems to lack may be there later. */
  isUnreadable(segment: SegmentId): boolean;
  /** Called with segments that are gone: drop what was cached of them. */
  onRemoved(observer: (segments: readonly SegmentId[]) => void): void;
  /** Called as soon as a deletion is seen: rows read before may name deleted spans. */
  onDeleted(observer: () => void): void;
}

/** Reads that gave nothing although there may be something: who asked says that the answer is incomplete. */
export interface MissedReads {
  /** Of all times: another number after an answer means that something was missed while it was made. */
  readonly count: number;
  /** Why the last was missed; empty where none was. */
  readonly reason: string;
}

/** A place in the log with what is needed to measure distances: everything up to and including it is done. */
export interface LogPosition extends Cursor {
  readonly sequence: number;
  readonly spansThrough: number;
}

/** What consumers read from: a source that also knows where the log ends. */
export interface LogSource extends SegmentSource {
  end(): LogPosition;
  /**
   * The latest receive time in a segment, ms since the epoch, undefined where it is not known, and whether its blocks
   * have receive times of their own: a sealed segment has one for all.
   */
  receivedIn(segment: SegmentId): { readonly throughMs: number | undefined; readonly isSealed: boolean };
  /** Of what is left of the log; undefined where there is no segment. */
  receivedRange(): ReceivedRange | undefined;
}

/** Receive times, ms since the epoch, a minute wider than the ends say: blocks are in no strict order of them. */
export interface ReceivedRange {
  /** Infinity where the segments hold no block. */
  readonly oldestMs: number;
  /** That of an empty segment is when it was made. */
  readonly newestMs: number;
}
