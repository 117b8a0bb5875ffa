/**
 * The columns of one trace as `GET /api/ui/traces/{id}/columns` sends them: written by the server, read by the browser,
 * so nothing here may need Node. All numbers are little-endian and every column begins at a multiple of its width.
 *
 * | bytes | what |
 * |---|---|
 * | 0 | u32 magic `SPLC` |
 * | 4 | u16 version, 2 |
 * | 6 | u16 zero |
 * | 8 | u32 n, rows |
 * | 12 | u32 m, rows whose parent is named but not in the trace |
 * | 16 | u64 base: the earliest start, ns since the Unix epoch |
 * | 24 | f64 latest end − earliest start, ns |
 * | 32 | 16 bytes trace id |
 * | 48 | u32 byte length of the string table |
 * | 52 | u32 s, services in the string table |
 * | 56 | u32 spans left out because another of the same id and kind is shown |
 * | 60 | u32 places at the end of the string table: s or 0 |
 * | 64 | u32 l, labels in the string table |
 * | 68 | u32 e, events that are told: the first of each span |
 * | 72 | f64[n] start − base, ns |
 * | | f64[n] duration, ns; negative where the end is before the start, 0 where a time is impossible |
 * | | f64[e] time of each event − base, ns |
 * | | i32[n] parent: a smaller row, PARENT_NONE or PARENT_MISSING |
 * | | u32[n] service, position among the services |
 * | | u32[n] name, position among the names |
 * | | u32[n] label, 1 + its position among the labels, or 0 |
 * | | u32[e] the row of each event, ascending |
 * | | u32[m] the rows with PARENT_MISSING, ascending |
 * | | u16[n] attributes, then u16[n] events, then u16[n] links: counts, at most 65535 |
 * | | u8[8 × n] span ids, then u8[8 × m] the missing parent ids in the order of their rows |
 * | | u8[n] kind, then u8[n] status code, then u8[n] marks, then u8[e] 1 for an exception |
 * | | string table: UTF-8 of one JSON array: s services, the names, l labels (row-label.ts), the services' places |
 *
 * A place is a number that says how its service looks, −1 where the store has none.
 *
 * Rows are in pre-order: a span, then its children by start (ties as they were stored), each with its own. Roots and
 * orphans stand in the same order among each other. The base ignores starts before 2000 unless all are, and those that
 * are 0 or after 2200: it is 0 where all are. A span is marked `impossibleTime` where its start is believed less than
 * others, and where its times make no duration.
 */
import { SPAN_MARK } from "../../model/span.ts";
import { isTime } from "../../model/span-times.ts";

export const COLUMNS_CONTENT_TYPE = "application/vnd.spanloom.trace-columns";
export const COLUMNS_MAGIC = 0x434c_5053;
export const COLUMNS_VERSION = 2;
export const COLUMNS_HEADER_BYTES = 72;

/** `parent` of a span that names no parent. */
export const PARENT_NONE = -1;
/** `parent` of a span whose parent has not arrived; its id is in `missingParentIds`. */
export const PARENT_MISSING = -2;

/** Bits of `marks`: the store's, and what building the tree found. */
export const COLUMN_MARK = {
  ...SPAN_MARK,
  /** The span was its own ancestor; it is shown as a root. */
  cycle: 32,
  /** Other spans of the same id and kind exist; the span's detail lists them all. */
  duplicate: 64,
} as const;

/** A row's duration, ns; undefined where one of its times is impossible. */
export function rowDuration({ duration, marks }: Pick<TraceColumns, "duration" | "marks">, row: number) {
  const nano = duration[row] as number;
  // Two times of a clock that was never set make one, though they are marked beside others.
  return nano === 0 && ((marks[row] as number) & SPAN_MARK.impossibleTime) !== 0 ? undefined : nano;
}

/** A row's start, ns after baseStartNano; undefined where it is none (TIME_CLASS). */
export function rowStart(columns: Pick<TraceColumns, "start" | "baseStartNano">, row: number): number | undefined {
  const after = columns.start[row] as number;
  return isTime(Number(columns.baseStartNano) + after) ? after : undefined;
}

/** The trace's duration, ns; undefined where no row has one. */
export function traceDuration(columns: TraceColumns): number | undefined {
  for (let row = 0; row < columns.count; row++) {
    if (((columns.marks[row] as number) & SPAN_MARK.impossibleTime) === 0) return columns.durationNano;
  }
  return undefined;
}

/** One trace; arrays are indexed by row and are views of the received buffer. */
export interface TraceColumns {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  readonly count: number;
  /** Earliest start, ns since the Unix epoch; 0 where no start is a time. */
  readonly baseStartNano: bigint;
  /** Latest end − earliest start, ns; `traceDuration` tells whether it is one. */
  readonly durationNano: number;
  /** Spans left out because another of the same id and kind is shown and marked `duplicate`. */
  readonly collapsedDuplicates: number;
  /** ns after baseStartNano. */
  readonly start: Float64Array;
  /** ns; may be negative, 0 where a time is impossible: `rowDuration` tells. */
  readonly duration: Float64Array;
  /** A smaller row, PARENT_NONE or PARENT_MISSING. */
  readonly parent: Int32Array;
  /** Position in services. */
  readonly service: Uint32Array;
  /** Position in names. */
  readonly name: Uint32Array;
  /** 1 + position in labels, or 0. */
  readonly label: Uint32Array;
  /** ns after baseStartNano, of the first events of each span; by their rows, and as they stand in the span. */
  readonly eventTime: Float64Array;
  /** Ascending. */
  readonly eventRow: Uint32Array;
  /** 1 for an exception. */
  readonly eventIsException: Uint8Array;
  /** Rows with PARENT_MISSING, ascending. */
  readonly missingRows: Uint32Array;
  readonly attributeCount: Uint16Array;
  readonly eventCount: Uint16Array;
  readonly linkCount: Uint16Array;
  /** 8 bytes a row. */
  readonly spanIds: Uint8Array;
  /** 8 bytes for each of missingRows. */
  readonly missingParentIds: Uint8Array;
  /** SPAN_KIND. */
  readonly kind: Uint8Array;
  /** STATUS_CODE. */
  readonly status: Uint8Array;
  /** Bits of COLUMN_MARK. */
  readonly marks: Uint8Array;
  readonly services: readonly string[];
  readonly names: readonly string[];
  /** As `parseRowLabel` reads them. */
  readonly labels: readonly string[];
  /** Of each of the services (`UiServicesResponse`), −1 where it has none; empty or absent where none are known. */
  readonly places?: readonly number[];
}

/** Byte offsets of each column for n rows, m missing parents and e events; the string table begins at `strings`. */
export function columnOffsets(n: number, m: number, e: number) {
  const start = COLUMNS_HEADER_BYTES;
  const duration = start + 8 * n;
  const eventTime = duration + 8 * n;
  const parent = eventTime + 8 * e;
  const service = parent + 4 * n;
  const name = service + 4 * n;
  const label = name + 4 * n;
  const eventRow = label + 4 * n;
  const missingRows = eventRow + 4 * e;
  const attributeCount = missingRows + 4 * m;
  const eventCount = attributeCount + 2 * n;
  const linkCount = eventCount + 2 * n;
  const spanIds = linkCount + 2 * n;
  const missingParentIds = spanIds + 8 * n;
  const kind = missingParentIds + 8 * m;
  const status = kind + n;
  const marks = status + n;
  const eventIsException = marks + n;
  const strings = eventIsException + e;
  return {
    start,
    duration,
    eventTime,
    parent,
    service,
    name,
    label,
    eventRow,
    missingRows,
    attributeCount,
    eventCount,
    linkCount,
    spanIds,
    missingParentIds,
    kind,
    status,
    marks,
    eventIsException,
    strings,
  };
}

/** Views of a received buffer, without copying a column. Throws where it is not a whole message of this version. */
export function decodeTraceColumns(buffer: ArrayBuffer): TraceColumns {
  if (buffer.byteLength < COLUMNS_HEADER_BYTES) {
    throw new Error(`trace columns: ${buffer.byteLength} bytes, expected at least ${COLUMNS_HEADER_BYTES}`);
  }
  const header = new DataView(buffer, 0, COLUMNS_HEADER_BYTES);
  if (header.getUint32(0, true) !== COLUMNS_MAGIC) throw new Error("trace columns: the magic number is not SPLC");
  const version = header.getUint16(4, true);
  if (version !== COLUMNS_VERSION) throw new Error(`trace columns: version ${version}, expected ${COLUMNS_VERSION}`);
  const n = header.getUint32(8, true);
  const m = header.getUint32(12, true);
  const e = header.getUint32(68, true);
  const at = columnOffsets(n, m, e);
  const stringBytes = header.getUint32(48, true);
  if (at.strings + stringBytes !== buffer.byteLength) {
    throw new Error(`trace columns: ${buffer.byteLength} bytes, expected ${at.strings + stringBytes} for ${n} spans`);
  }
  const table = stringTable(new Uint8Array(buffer, at.strings, stringBytes));
  const services = header.getUint32(52, true);
  const labels = table.length - header.getUint32(60, true);
  const names = labels - header.getUint32(64, true);
  return {
    traceId: columnIdHex(new Uint8Array(buffer, 32, 16), 0, 16),
    count: n,
    baseStartNano: header.getBigUint64(16, true),
    durationNano: header.getFloat64(24, true),
    collapsedDuplicates: header.getUint32(56, true),
    start: new Float64Array(buffer, at.start, n),
    duration: new Float64Array(buffer, at.duration, n),
    parent: new Int32Array(buffer, at.parent, n),
    service: new Uint32Array(buffer, at.service, n),
    name: new Uint32Array(buffer, at.name, n),
    label: new Uint32Array(buffer, at.label, n),
    eventTime: new Float64Array(buffer, at.eventTime, e),
    eventRow: new Uint32Array(buffer, at.eventRow, e),
    eventIsException: new Uint8Array(buffer, at.eventIsException, e),
    missingRows: new Uint32Array(buffer, at.missingRows, m),
    attributeCount: new Uint16Array(buffer, at.attributeCount, n),
    eventCount: new Uint16Array(buffer, at.eventCount, n),
    linkCount: new Uint16Array(buffer, at.linkCount, n),
    spanIds: new Uint8Array(buffer, at.spanIds, 8 * n),
    missingParentIds: new Uint8Array(buffer, at.missingParentIds, 8 * m),
    kind: new Uint8Array(buffer, at.kind, n),
    status: new Uint8Array(buffer, at.status, n),
    marks: new Uint8Array(buffer, at.marks, n),
    services: itemsOf(table, 0, services, "string"),
    names: itemsOf(table, services, names, "string"),
    labels: itemsOf(table, names, labels, "string"),
    places: itemsOf(table, labels, table.length, "number"),
  };
}

function stringTable(bytes: Uint8Array): readonly unknown[] {
  let table: unknown;
  try {
    table = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new Error("trace columns: the strings are no JSON");
  }
  if (Array.isArray(table)) return table;
  throw new Error("trace columns: the strings are no list");
}

interface ItemTypes {
  readonly string: string;
  readonly number: number;
}

function itemsOf<K extends keyof ItemTypes>(
  table: readonly unknown[],
  from: number,
  to: number,
  type: K,
): ItemTypes[K][] {
  const items = from <= to && to <= table.length ? table.slice(from, to) : [undefined];
  if (items.every((item): item is ItemTypes[K] => typeof item === type)) return items;
  throw new Error(`trace columns: the strings ${from} to ${to} of ${table.length} are not all a ${type}`);
}

/** Hex of `length` bytes from `start`: `columnIdHex(columns.spanIds, row * 8, 8)`. */
export function columnIdHex(bytes: Uint8Array, start: number, length: number): string {
  let text = "";
  for (let i = start; i < start + length; i++) text += (bytes[i] as number).toString(16).padStart(2, "0");
  return text;
}
