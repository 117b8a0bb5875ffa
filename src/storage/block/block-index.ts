import { PermanentError } from "../../component/errors.ts";
import type { SpanColumns, SpanGroup } from "../../model/span-columns.ts";
import { columnarTraceIds, decodeColumnarIndex, isColumnarIndex } from "../columnar/columnar-index.ts";

/**
 * The stored form of SpanColumns: about 40 bytes a span and the dictionaries.
 *
 * | part | bytes |
 * |---|---|
 * | version, flags, "SI" | 4 |
 * | counts: spans, traces, groups, strings; bytes of string data, of the whole | 6 × 4 |
 * | width in bytes of each number column: 0, 1, 2 or 4 | 16 |
 * | base of each number column | 13 × 4 |
 * | span ids, parent ids, trace ids | 8, 8, 16 each |
 * | number columns: value − base, each padded to 4 bytes | width each |
 * | groups: service and four byte offsets | 5 × 4 each |
 * | string lengths in UTF-16 units; string data, UTF-8, padded to 4 bytes | 4 each |
 *
 * Numbers are little-endian, as typed arrays are on every platform supported; elsewhere the first word does not
 * match and the index is refused. A column whose values span less than its type is stored narrower and widened when
 * decoded; all others become views of the stored bytes.
 */
const VERSION = 1;
const MAGIC = 0x49_53_00_00 | VERSION;
const HAS_THRESHOLDS = 1;
const PARTIAL = 2;
const FLAGS_SHIFT = 8;
const NUMBER_COLUMNS = 13;
const HEADER = 4 + 6 * 4 + 16 + NUMBER_COLUMNS * 4;
const GROUP_WORDS = 5;

type Numbers = Uint8Array | Uint16Array | Uint32Array;

/** Bytes of the block index of `columns`. Strings must be well formed, as decoding UTF-8 makes them. */
export function encodeBlockIndex(columns: SpanColumns): Uint8Array<ArrayBuffer> {
  const { count, groups, strings, traceIds } = columns;
  const numbers = numberColumns(columns);
  const bases = new Uint32Array(NUMBER_COLUMNS);
  const widths = new Uint8Array(16);
  let size = HEADER + count * 16 + traceIds.length + groups.length * GROUP_WORDS * 4 + strings.length * 4;
  for (let i = 0; i < NUMBER_COLUMNS; i++) {
    const column = numbers[i];
    if (column === undefined) continue;
    measure(column, count, i, widths, bases);
    size += padded(count * (widths[i] as number));
  }
  const text = Buffer.from(strings.join(""), "utf8");
  size += padded(text.length);

  const bytes = new Uint8Array(size);
  const words = new Uint32Array(bytes.buffer);
  const flags = (columns.thresholdIndex === undefined ? 0 : HAS_THRESHOLDS) | (columns.partial === true ? PARTIAL : 0);
  words[0] = MAGIC | (flags << FLAGS_SHIFT);
  words[1] = count;
  words[2] = traceIds.length / 16;
  words[3] = groups.length;
  words[4] = strings.length;
  words[5] = text.length;
  words[6] = size;
  bytes.set(widths, 28);
  words.set(bases, 11);
  let at = HEADER;
  bytes.set(columns.spanIds.subarray(0, count * 8), at);
  bytes.set(columns.parentIds.subarray(0, count * 8), at + count * 8);
  bytes.set(traceIds, at + count * 16);
  at += count * 16 + traceIds.length;
  for (let i = 0; i < NUMBER_COLUMNS; i++) {
    const width = widths[i] as number;
    if (width === 0) continue;
    write(bytes, at, width, numbers[i] as Numbers, count, bases[i] as number);
    at += padded(count * width);
  }
  let word = at >>> 2;
  for (const group of groups) {
    words[word++] = group.service;
    words[word++] = group.resourceSpansStart;
    words[word++] = group.resourceSpansEnd;
    words[word++] = group.scopeSpansStart;
    words[word++] = group.scopeSpansEnd;
  }
  for (const string of strings) words[word++] = string.length;
  bytes.set(text, word << 2);
  return bytes;
}

/**
 * The columns of an index of either form: what `encodeBlockIndex` wrote, or that of a sealed row. Most of them are
 * views of `bytes`, which must not change afterwards; bytes that do not begin at a multiple of 4 in their buffer are
 * copied once. Throws PermanentError for a version this program does not know and for bytes that are cut or do not fit
 * together.
 */
export function decodeBlockIndex(bytes: Uint8Array): SpanColumns {
  if (isColumnarIndex(bytes)) return decodeColumnarIndex(bytes);
  if (bytes.length < HEADER) throw broken(`${bytes.length} bytes are fewer than the header's ${HEADER}`);
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const { buffer, byteOffset } = aligned;
  const header = new Uint32Array(buffer, byteOffset, HEADER / 4);
  const first = header[0] as number;
  const flags = (first >>> FLAGS_SHIFT) & 0xff;
  if ((first & 0xffff00ff) !== MAGIC || (flags & ~(HAS_THRESHOLDS | PARTIAL)) !== 0) {
    throw new PermanentError(
      "data_format_unknown",
      `block index begins with 0x${first.toString(16)}: expected version ${VERSION}`,
    );
  }
  const [, count, traces, groupCount, stringCount, textBytes, size] = header as unknown as number[] as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const widths = aligned.subarray(28, 28 + NUMBER_COLUMNS);
  let expected = HEADER + count * 16 + traces * 16 + groupCount * GROUP_WORDS * 4 + stringCount * 4 + padded(textBytes);
  for (const width of widths) expected += padded(count * width);
  if (expected !== size || bytes.length !== size) {
    throw broken(`${bytes.length} bytes, header says ${size}, its counts add up to ${expected}`);
  }

  let at = HEADER;
  const take = (length: number) => {
    at += length;
    return aligned.subarray(at - length, at);
  };
  const spanIds = take(count * 8);
  const parentIds = take(count * 8);
  const traceIds = take(traces * 16);
  let column = 0;
  const next = <T extends Numbers>(make: new (buffer: ArrayBufferLike, offset: number, length: number) => T) => {
    const index = column++;
    const width = widths[index] as number;
    const stored = take(padded(count * width));
    return read(stored, width, count, header[11 + index] as number, make);
  };
  const index = (): Uint16Array | Uint32Array =>
    fitsUint16(widths[column] as number, header[11 + column] as number) ? next(Uint16Array) : next(Uint32Array);
  const traceIndex = index();
  const nameIndex = index();
  const groupIndex = index();
  const kind = next(Uint8Array);
  const status = next(Uint8Array);
  const marks = next(Uint8Array);
  const startLow = next(Uint32Array);
  const startHigh = next(Uint32Array);
  const endLow = next(Uint32Array);
  const endHigh = next(Uint32Array);
  const spanStart = next(Uint32Array);
  const spanEnd = next(Uint32Array);
  const thresholds = flags & HAS_THRESHOLDS ? { thresholdIndex: index() } : {};

  const groupWords = new Uint32Array(buffer, byteOffset + at, groupCount * GROUP_WORDS);
  at += groupCount * GROUP_WORDS * 4;
  const groups: SpanGroup[] = [];
  for (let i = 0; i < groupWords.length; i += GROUP_WORDS) {
    groups.push({
      service: groupWords[i] as number,
      resourceSpansStart: groupWords[i + 1] as number,
      resourceSpansEnd: groupWords[i + 2] as number,
      scopeSpansStart: groupWords[i + 3] as number,
      scopeSpansEnd: groupWords[i + 4] as number,
    });
  }
  const lengths = new Uint32Array(buffer, byteOffset + at, stringCount);
  at += stringCount * 4;
  const strings = splitText(Buffer.from(buffer as ArrayBuffer, byteOffset + at, textBytes).toString("utf8"), lengths);
  return {
    count,
    traceIds,
    traceIndex,
    spanIds,
    parentIds,
    nameIndex,
    groupIndex,
    kind,
    status,
    marks,
    startLow,
    startHigh,
    endLow,
    endHigh,
    spanStart,
    spanEnd,
    ...thresholds,
    ...(flags & PARTIAL ? { partial: true } : {}),
    groups,
    strings,
  };
}

/** Distinct trace ids of an index of either form, 16 bytes each: a view, without decoding the rest. */
export function indexedTraceIds(bytes: Uint8Array): Uint8Array {
  if (isColumnarIndex(bytes)) return columnarTraceIds(bytes);
  if (bytes.length < HEADER || bytes.byteOffset % 4 !== 0) return decodeBlockIndex(bytes).traceIds;
  const [first, count, traces] = new Uint32Array(bytes.buffer, bytes.byteOffset, 3) as unknown as [
    number,
    number,
    number,
  ];
  const at = HEADER + count * 16;
  if ((first & 0xffff00ff) !== MAGIC || at + traces * 16 > bytes.length) return decodeBlockIndex(bytes).traceIds;
  return bytes.subarray(at, at + traces * 16);
}

/** In stored order; a missing threshold column is left out of the file. */
function numberColumns(columns: SpanColumns): readonly (Numbers | undefined)[] {
  return [
    columns.traceIndex,
    columns.nameIndex,
    columns.groupIndex,
    columns.kind,
    columns.status,
    columns.marks,
    columns.startLow,
    columns.startHigh,
    columns.endLow,
    columns.endHigh,
    columns.spanStart,
    columns.spanEnd,
    columns.thresholdIndex,
  ];
}

/** Chooses the narrowest width for a column, and a base where that makes it narrower than its type. */
function measure(column: Numbers, count: number, index: number, widths: Uint8Array, bases: Uint32Array): void {
  if (count === 0) return;
  let min = column[0] as number;
  let max = min;
  for (let i = 1; i < count; i++) {
    const value = column[i] as number;
    if (value < min) min = value;
    else if (value > max) max = value;
  }
  const spread = max - min;
  if (spread === 0) {
    bases[index] = min;
    return;
  }
  if (max <= 0xff) widths[index] = 1;
  else if (max <= 0xffff && column.BYTES_PER_ELEMENT <= 2) widths[index] = 2;
  else if (spread <= 0xffff && column.BYTES_PER_ELEMENT === 4) {
    widths[index] = spread <= 0xff ? 1 : 2;
    bases[index] = min;
  } else widths[index] = 4;
}

function write(bytes: Uint8Array, at: number, width: number, column: Numbers, count: number, base: number): void {
  const out = view(bytes, at, width, count);
  if (base === 0) {
    out.set(column.length === count ? column : column.subarray(0, count));
    return;
  }
  for (let i = 0; i < count; i++) out[i] = (column[i] as number) - base;
}

function read<T extends Numbers>(
  stored: Uint8Array,
  width: number,
  count: number,
  base: number,
  make: new (buffer: ArrayBufferLike, offset: number, length: number) => T,
): T {
  const elementBytes = (make as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
  if (width === elementBytes && base === 0) return new make(stored.buffer, stored.byteOffset, count);
  const out = new make(new ArrayBuffer(count * elementBytes), 0, count);
  if (width === 0) {
    out.fill(base);
    return out;
  }
  const offsets = view(stored, 0, width, count);
  for (let i = 0; i < count; i++) out[i] = base + (offsets[i] as number);
  return out;
}

function view(bytes: Uint8Array, at: number, width: number, count: number): Numbers {
  const offset = bytes.byteOffset + at;
  if (width === 1) return new Uint8Array(bytes.buffer, offset, count);
  if (width === 2) return new Uint16Array(bytes.buffer, offset, count);
  return new Uint32Array(bytes.buffer, offset, count);
}

/** A dictionary of one block has few strings, so one decode of all of them and cheap slices of it. */
function splitText(text: string, lengths: Uint32Array): string[] {
  const strings: string[] = [];
  let at = 0;
  for (const length of lengths) {
    strings.push(text.slice(at, at + length));
    at += length;
  }
  if (at !== text.length) throw broken(`strings of ${at} characters in a text of ${text.length}`);
  return strings;
}

/** Only columns of 32 bits have a base and a width above 0 at once. */
function fitsUint16(width: number, base: number): boolean {
  return width === 0 ? base <= 0xffff : width <= 2 && base === 0;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

function broken(detail: string): PermanentError {
  return new PermanentError("internal", `block index is damaged: ${detail}`);
}
