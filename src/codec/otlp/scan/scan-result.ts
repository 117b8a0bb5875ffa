import type { SpanColumns } from "../../../model/span-columns.ts";
import { DEFAULT_SPAN_LIMITS, type SpanLimits } from "../message/span-limits.ts";

/** What is wrong with a row and has to be mended before it is stored; bits of `ScanResult.troubles`. */
export const SPAN_TROUBLE = {
  /** the trace id is not 16 bytes; the column holds it left-padded, or zeros where it is longer */
  shortOrLongTraceId: 1,
  /** the trace id is empty or all zero: the span must be refused */
  zeroTraceId: 2,
  /** the span id is empty, all zero, short or long */
  badSpanId: 4,
  /** the parent id is neither absent nor 8 bytes */
  badParentId: 8,
  /** some string is not UTF-8 */
  invalidUtf8: 16,
  /** a span has more events or links, or one of them more attributes, than the limit; those beyond are not looked at */
  tooMany: 32,
  /** a name or a value is longer than the limit */
  longValue: 64,
} as const;

export const DEFAULT_SCAN_LIMITS: SpanLimits = DEFAULT_SPAN_LIMITS;

/** What one scan found. Every typed array belongs to the scanner and holds until its next scan. */
export interface ScanResult {
  readonly columns: SpanColumns;
  /**
   * Hashes of row i, of attributes (span and its events) and of the trace ids of its links (LINK_TRACE_KEY):
   * hashes[hashStart[i] .. hashStart[i + 1]); repeats are possible.
   */
  readonly hashes: Uint32Array;
  readonly hashStart: Uint32Array;
  /** The same for resource and scope of every group. */
  readonly groupHashes: Uint32Array;
  readonly groupHashStart: Uint32Array;
  /** Row → bits of SPAN_TROUBLE. */
  readonly troubles: Uint8Array;
  /** True when any row has a trouble or `groupTrouble` is set. */
  readonly anyTrouble: boolean;
  /** A resource, scope or schema URL has invalid UTF-8 or is beyond a limit. */
  readonly groupTrouble: boolean;
  /** Byte range of each row's trace state in the body; start = end where there is none. */
  readonly traceStateStart: Uint32Array;
  readonly traceStateEnd: Uint32Array;
  /** Row → Span.flags. */
  readonly flags: Uint32Array;
  /**
   * Row → attribute `sampling.priority`: 1 above zero or true, 0 for zero or false, -1 absent, negative or no number.
   */
  readonly samplingPriority: Int8Array;
}
