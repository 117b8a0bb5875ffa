import { SPAN_MARK } from "./span.ts";
import { TIME_CLASS, timeClass } from "./span-times.ts";

/**
 * The spans of one batch or one stored block as columns: what search, sampling, aggregates and readers work on.
 * The scanner fills it in one pass over OTLP bytes; storage keeps it beside those bytes; nothing else of a span is
 * decoded until somebody asks for that span. Row i of every column is the i-th span in body order.
 */
export interface SpanColumns {
  /** Number of spans. */
  readonly count: number;
  /** 16 bytes for each distinct trace id. */
  readonly traceIds: Uint8Array;
  /** Row → position in traceIds (times 16 is the byte offset). */
  readonly traceIndex: Uint16Array | Uint32Array;
  /** 8 bytes a row. */
  readonly spanIds: Uint8Array;
  /** 8 bytes a row; all zero is a root. */
  readonly parentIds: Uint8Array;
  /** Row → position in strings. */
  readonly nameIndex: Uint16Array | Uint32Array;
  /** Row → position in groups. */
  readonly groupIndex: Uint16Array | Uint32Array;
  /** SpanKind; unknown kinds are 0 and marked. */
  readonly kind: Uint8Array;
  /** StatusCode. */
  readonly status: Uint8Array;
  /** Bits of SPAN_MARK. */
  readonly marks: Uint8Array;
  /** Start and end, ns since the Unix epoch, as the two halves of a u64: exact where a float64 is not. */
  readonly startLow: Uint32Array;
  readonly startHigh: Uint32Array;
  readonly endLow: Uint32Array;
  readonly endHigh: Uint32Array;
  /** Byte range of the Span message (payload, without tag and length) in the body. */
  readonly spanStart: Uint32Array;
  readonly spanEnd: Uint32Array;
  /**
   * Row → position in strings of the sampling threshold that holds for the span (`th` of OpenTelemetry's probability
   * sampling, trailing zeros stripped), or NO_THRESHOLD where nobody stated one. Behind `=` it is the one that came in
   * the span's own trace state, which stays as it is; else this collector applied it. The empty string erases a `th`
   * that came with the span and does not hold any more. Absent when no row has one. `appliedThreshold` and
   * `effectiveThreshold` read it.
   */
  readonly thresholdIndex?: Uint16Array | Uint32Array;
  /** The body holds spans that no row names, because they were deleted: it must not be handed on as a whole. */
  readonly partial?: boolean;
  readonly groups: readonly SpanGroup[];
  /** Operation and service names and texts of thresholds, each once. */
  readonly strings: readonly string[];
}

export const NO_THRESHOLD = 0xffff;

/** Stands before a threshold that came with the span. */
const RECEIVED = "=";

/** What `thresholdIndex` names for a threshold that the span's own trace state carries. */
export function receivedThreshold(threshold: string): string {
  return RECEIVED + threshold;
}

/** The spans of one ScopeSpans message of one ResourceSpans message. Byte ranges are payloads in the body. */
export interface SpanGroup {
  /** Position of the service name in strings. */
  readonly service: number;
  readonly resourceSpansStart: number;
  readonly resourceSpansEnd: number;
  readonly scopeSpansStart: number;
  readonly scopeSpansEnd: number;
}

/** Whether `durationNano` is what the span took, as `makesDuration` of span-times.ts has it. */
export function hasDuration(columns: SpanColumns, row: number): boolean {
  const of = timeClass(columns.startHigh[row] as number, columns.startLow[row] as number);
  return of !== TIME_CLASS.none && of === timeClass(columns.endHigh[row] as number, columns.endLow[row] as number);
}

/** The marks of a row; `impossibleTime` also where one of its times belongs to a clock that was never set. */
export function shownMarks(columns: SpanColumns, row: number): number {
  const marks = columns.marks[row] as number;
  return hasDuration(columns, row) ? marks : marks | SPAN_MARK.impossibleTime;
}

/** Nanoseconds between start and end; negative where the end is earlier. Exact below 2^53. */
export function durationNano(columns: SpanColumns, row: number): number {
  const high = (columns.endHigh[row] as number) - (columns.startHigh[row] as number);
  return high * 0x1_0000_0000 + ((columns.endLow[row] as number) - (columns.startLow[row] as number));
}

/** Start as bigint nanoseconds since the epoch. */
export function startNano(columns: SpanColumns, row: number): bigint {
  return (BigInt(columns.startHigh[row] as number) << 32n) | BigInt(columns.startLow[row] as number);
}

/** End as bigint nanoseconds since the epoch. */
export function endNano(columns: SpanColumns, row: number): bigint {
  return (BigInt(columns.endHigh[row] as number) << 32n) | BigInt(columns.endLow[row] as number);
}

/** The service name of a row. */
export function serviceOf(columns: SpanColumns, row: number): string {
  const group = columns.groups[columns.groupIndex[row] as number] as SpanGroup;
  return columns.strings[group.service] as string;
}

/** The operation (span) name of a row. */
export function nameOf(columns: SpanColumns, row: number): string {
  return columns.strings[columns.nameIndex[row] as number] as string;
}

/** The threshold that this collector applied to a row, so that it has to be written; undefined where it did not. */
export function appliedThreshold(columns: SpanColumns, row: number): string | undefined {
  const threshold = storedThreshold(columns, row);
  return threshold?.startsWith(RECEIVED) === true ? undefined : threshold;
}

/** The threshold that holds for a row, whoever stated it; undefined or empty where nobody did. */
export function effectiveThreshold(columns: SpanColumns, row: number): string | undefined {
  const threshold = storedThreshold(columns, row);
  return threshold?.startsWith(RECEIVED) === true ? threshold.slice(RECEIVED.length) : threshold;
}

function storedThreshold(columns: SpanColumns, row: number): string | undefined {
  const index = columns.thresholdIndex?.[row] ?? NO_THRESHOLD;
  return index === NO_THRESHOLD ? undefined : columns.strings[index];
}

/** True when the row has no parent. */
export function isRoot(columns: SpanColumns, row: number): boolean {
  const at = row * 8;
  for (let i = at; i < at + 8; i++) if (columns.parentIds[i] !== 0) return false;
  return true;
}
