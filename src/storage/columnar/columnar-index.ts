import { PermanentError } from "../../component/errors.ts";
import type { SpanColumns, SpanGroup } from "../../model/span-columns.ts";
import { type GroupLayout, layOut } from "./block-layout.ts";
import { ByteSink, type ByteSource } from "./byte-sink.ts";
import { readNumbers, readUint32, unzigzag, writeNumbers, zigzag } from "./number-column.ts";
import { PartReader, writeParts } from "./parts.ts";

/**
 * The stored form of the columns of a sealed row: first byte MAGIC, then parts (parts.ts) in the order of PART. Trace
 * and span ids stand as they are; a parent inside the row is told by its place among the spans of its trace, times as
 * differences, byte ranges as lengths.
 */
const MAGIC = 0xc1;
const PART = {
  head: 0,
  traceIds: 1,
  traceIndex: 2,
  spanIds: 3,
  parents: 4,
  farParents: 5,
  names: 6,
  flags: 7,
  starts: 8,
  durations: 9,
  lengths: 10,
  strings: 11,
} as const;

const NO_PARENT = 0;
const FAR_PARENT = 1;
const NEAR_PARENT = 2;
/** Differences beyond this are not exact when their sign is folded in: such a column is stored as halves of u64. */
const MAX_DIFFERENCE = 2 ** 51;
const TWO_32 = 0x1_0000_0000;

export function isColumnarIndex(bytes: Uint8Array): boolean {
  return bytes[0] === MAGIC;
}

/**
 * Bytes of the index of a sealed row. `columns` are laid out by `layOut(groups, …)`, their rows in group order.
 */
export function encodeColumnarIndex(columns: SpanColumns, groups: readonly GroupLayout[]): Uint8Array<ArrayBuffer> {
  const { count } = columns;
  const head = new ByteSink();
  head.varint(count);
  head.varint(columns.traceIds.length / 16);
  head.varint(columns.strings.length);
  head.varint(groups.length);
  for (const { service, count: spans, frame } of groups) {
    for (const n of [service, spans, frame.resourceHead, frame.resourceTail, frame.scopeHead, frame.scopeTail]) {
      head.varint(n);
    }
  }
  head.byte(columns.thresholdIndex === undefined ? 0 : 1);
  const { parents, far } = encodeParents(columns);
  const bytes = writeParts([
    { bytes: head.finish() },
    { bytes: columns.traceIds, random: true },
    { bytes: column((sink) => writeNumbers(sink, columns.traceIndex, count)) },
    { bytes: columns.spanIds, random: true },
    { bytes: column((sink) => writeNumbers(sink, parents, count)) },
    { bytes: far, random: true },
    { bytes: column((sink) => writeNumbers(sink, columns.nameIndex, count)) },
    {
      bytes: column((sink) => {
        writeNumbers(sink, columns.kind, count);
        writeNumbers(sink, columns.status, count);
        writeNumbers(sink, columns.marks, count);
        if (columns.thresholdIndex !== undefined) writeNumbers(sink, columns.thresholdIndex, count);
      }),
    },
    { bytes: encodeStarts(columns) },
    { bytes: encodeDurations(columns) },
    { bytes: column((sink) => writeNumbers(sink, lengthsOf(columns), count)) },
    { bytes: encodeStrings(columns.strings) },
  ]);
  const out = new Uint8Array(bytes.length + 1);
  out[0] = MAGIC;
  out.set(bytes, 1);
  return out;
}

/** The columns that `encodeSealedIndex` was given. Throws PermanentError for bytes that do not fit together. */
export function decodeColumnarIndex(bytes: Uint8Array): SpanColumns {
  try {
    return decode(bytes);
  } catch (error) {
    if (!(error instanceof RangeError) && !(error instanceof Error && "errno" in error)) throw error;
    throw new PermanentError("internal", `index of a sealed row is damaged: ${error.message}`, { cause: error });
  }
}

/** Trace ids of the row, 16 bytes each, without decoding its other columns. */
export function columnarTraceIds(bytes: Uint8Array): Uint8Array {
  return new PartReader(bytes.subarray(1)).get(PART.traceIds);
}

function decode(bytes: Uint8Array): SpanColumns {
  if (!isColumnarIndex(bytes)) throw new RangeError(`first byte ${bytes[0]}`);
  const parts = new PartReader(bytes.subarray(1));
  const head = parts.source(PART.head);
  const count = head.varint();
  const traces = head.varint();
  const stringCount = head.varint();
  const groupCount = head.varint();
  const layouts: GroupLayout[] = [];
  for (let i = 0; i < groupCount; i++) {
    const [service, spans, resourceHead, resourceTail, scopeHead, scopeTail] = Array.from({ length: 6 }, () =>
      head.varint(),
    ) as [number, number, number, number, number, number];
    layouts.push({ service, count: spans, frame: { resourceHead, resourceTail, scopeHead, scopeTail } });
  }
  if (layouts.reduce((sum, layout) => sum + layout.count, 0) !== count) throw new RangeError("spans of the groups");
  const hasThresholds = head.byte() === 1;
  const traceIds = sized(parts.get(PART.traceIds), traces * 16);
  const spanIds = sized(parts.get(PART.spanIds), count * 8);
  const traceIndex = below(readUint32(parts.source(PART.traceIndex), count), traces);
  const flags = parts.source(PART.flags);
  const kind = Uint8Array.from(readUint32(flags, count));
  const status = Uint8Array.from(readUint32(flags, count));
  const marks = Uint8Array.from(readUint32(flags, count));
  const thresholds = hasThresholds ? { thresholdIndex: narrowed(readUint32(flags, count)) } : {};
  const { low: startLow, high: startHigh } = decodeStarts(parts.source(PART.starts), count);
  const { low: endLow, high: endHigh } = decodeEnds(parts.source(PART.durations), startLow, startHigh);
  const layout = layOut(layouts, readUint32(parts.source(PART.lengths), count));
  const groupIndex = new Uint16Array(count);
  const wideGroups = groupCount > 0xffff ? new Uint32Array(count) : undefined;
  let row = 0;
  for (const [group, { count: spans }] of layouts.entries()) {
    (wideGroups ?? groupIndex).fill(group, row, row + spans);
    row += spans;
  }
  return {
    count,
    traceIds,
    traceIndex: narrowed(traceIndex),
    spanIds,
    parentIds: decodeParents(parts, traceIndex, spanIds, traces),
    nameIndex: narrowed(below(readUint32(parts.source(PART.names), count), stringCount)),
    groupIndex: wideGroups ?? groupIndex,
    kind,
    status,
    marks,
    startLow,
    startHigh,
    endLow,
    endHigh,
    spanStart: layout.spanStart,
    spanEnd: layout.spanEnd,
    ...thresholds,
    groups: layout.groups as readonly SpanGroup[],
    strings: decodeStrings(parts.source(PART.strings), stringCount),
  };
}

function column(write: (sink: ByteSink) => void): Uint8Array {
  const sink = new ByteSink(4096);
  write(sink);
  return sink.finish();
}

/** Per row: no parent, one elsewhere (its id in `far`), or 2 + its place among the rows of its trace. */
function encodeParents(columns: SpanColumns): { parents: Uint32Array; far: Uint8Array } {
  const { count, parentIds, spanIds, traceIndex } = columns;
  const ids = words(spanIds, count * 2);
  const wanted = words(parentIds, count * 2);
  const places = placesInTrace(traceIndex, count, columns.traceIds.length / 16);
  let size = 16;
  while (size < count * 2) size *= 2;
  const slots = new Int32Array(size);
  for (let row = 0; row < count; row++) {
    let slot = hashId(ids[row * 2] as number, ids[row * 2 + 1] as number) & (size - 1);
    while (slots[slot] !== 0) slot = (slot + 1) & (size - 1);
    slots[slot] = row + 1;
  }
  const parents = new Uint32Array(count);
  const far = new ByteSink(1024);
  for (let row = 0; row < count; row++) {
    const low = wanted[row * 2] as number;
    const high = wanted[row * 2 + 1] as number;
    if (low === 0 && high === 0) continue;
    let found = -1;
    for (let slot = hashId(low, high) & (size - 1); slots[slot] !== 0; slot = (slot + 1) & (size - 1)) {
      const other = (slots[slot] as number) - 1;
      if (ids[other * 2] !== low || ids[other * 2 + 1] !== high || traceIndex[other] !== traceIndex[row]) continue;
      found = other;
      break;
    }
    if (found >= 0) parents[row] = NEAR_PARENT + (places[found] as number);
    else {
      parents[row] = FAR_PARENT;
      far.range(parentIds, row * 8, row * 8 + 8);
    }
  }
  return { parents, far: far.finish() };
}

function decodeParents(parts: PartReader, traceIndex: Uint32Array, spanIds: Uint8Array, traces: number): Uint8Array {
  const count = traceIndex.length;
  const parents = readUint32(parts.source(PART.parents), count);
  const far = parts.source(PART.farParents);
  const starts = new Uint32Array(traces + 1);
  for (const trace of traceIndex) starts[trace + 1] = (starts[trace + 1] as number) + 1;
  for (let trace = 0; trace < traces; trace++) {
    starts[trace + 1] = (starts[trace + 1] as number) + (starts[trace] as number);
  }
  const places = placesInTrace(traceIndex, count, traces);
  const rows = new Uint32Array(count);
  for (let row = 0; row < count; row++) {
    rows[(starts[traceIndex[row] as number] as number) + (places[row] as number)] = row;
  }
  const parentIds = new Uint8Array(count * 8);
  for (let row = 0; row < count; row++) {
    const parent = parents[row] as number;
    if (parent === NO_PARENT) continue;
    if (parent === FAR_PARENT) {
      parentIds.set(far.take(8), row * 8);
      continue;
    }
    const trace = traceIndex[row] as number;
    const at = (starts[trace] as number) + parent - NEAR_PARENT;
    if (at >= (starts[trace + 1] as number)) throw new RangeError("a parent beyond its trace");
    const from = (rows[at] as number) * 8;
    for (let i = 0; i < 8; i++) parentIds[row * 8 + i] = spanIds[from + i] as number;
  }
  return parentIds;
}

/** For each row how many rows of its trace come before it. */
function placesInTrace(traceIndex: ArrayLike<number>, count: number, traces: number): Uint32Array {
  const seen = new Uint32Array(traces);
  const places = new Uint32Array(count);
  for (let row = 0; row < count; row++) {
    const trace = traceIndex[row] as number;
    places[row] = seen[trace] as number;
    seen[trace] = (seen[trace] as number) + 1;
  }
  return places;
}

/** First byte 1: first start as u64, then differences to the row before; 0: halves of u64. */
function encodeStarts({ startLow, startHigh, count }: SpanColumns): Uint8Array {
  const sink = new ByteSink(4096);
  const steps = new Float64Array(count);
  let exact = true;
  for (let row = 1; row < count; row++) {
    const step = difference(startLow, startHigh, row, startLow, startHigh, row - 1);
    if (Math.abs(step) > MAX_DIFFERENCE) exact = false;
    steps[row] = zigzag(step);
  }
  sink.byte(exact ? 1 : 0);
  if (exact) {
    sink.u32(startLow[0] ?? 0);
    sink.u32(startHigh[0] ?? 0);
    writeNumbers(sink, steps, count);
  } else {
    writeNumbers(sink, startLow, count);
    writeNumbers(sink, startHigh, count);
  }
  return sink.finish();
}

function decodeStarts(source: ByteSource, count: number): { low: Uint32Array; high: Uint32Array } {
  if (source.byte() === 0) return { low: readUint32(source, count), high: readUint32(source, count) };
  const low = new Uint32Array(count);
  const high = new Uint32Array(count);
  let atLow = source.u32();
  let atHigh = source.u32();
  const steps = readNumbers(source, count);
  for (let row = 0; row < count; row++) {
    const sum = atLow + unzigzag(steps[row] as number);
    const carry = Math.floor(sum / TWO_32);
    atLow = sum - carry * TWO_32;
    atHigh = (atHigh + carry) >>> 0;
    low[row] = atLow;
    high[row] = atHigh;
  }
  return { low, high };
}

/** First byte 1: end − start of each row; 0: ends as halves of u64. */
function encodeDurations({ startLow, startHigh, endLow, endHigh, count }: SpanColumns): Uint8Array {
  const sink = new ByteSink(4096);
  const durations = new Float64Array(count);
  let exact = true;
  for (let row = 0; row < count; row++) {
    const duration = difference(endLow, endHigh, row, startLow, startHigh, row);
    if (Math.abs(duration) > MAX_DIFFERENCE) exact = false;
    durations[row] = zigzag(duration);
  }
  sink.byte(exact ? 1 : 0);
  if (exact) writeNumbers(sink, durations, count);
  else {
    writeNumbers(sink, endLow, count);
    writeNumbers(sink, endHigh, count);
  }
  return sink.finish();
}

function decodeEnds(source: ByteSource, startLow: Uint32Array, startHigh: Uint32Array) {
  const count = startLow.length;
  if (source.byte() === 0) return { low: readUint32(source, count), high: readUint32(source, count) };
  const low = new Uint32Array(count);
  const high = new Uint32Array(count);
  const durations = readNumbers(source, count);
  for (let row = 0; row < count; row++) {
    const sum = (startLow[row] as number) + unzigzag(durations[row] as number);
    const carry = Math.floor(sum / TWO_32);
    low[row] = sum - carry * TWO_32;
    high[row] = (startHigh[row] as number) + carry;
  }
  return { low, high };
}

/** a − b of u64 in halves; far beyond 2^53 only roughly. */
function difference(
  aLow: Uint32Array,
  aHigh: Uint32Array,
  a: number,
  bLow: Uint32Array,
  bHigh: Uint32Array,
  b: number,
): number {
  return ((aHigh[a] as number) - (bHigh[b] as number)) * TWO_32 + ((aLow[a] as number) - (bLow[b] as number));
}

function lengthsOf({ spanStart, spanEnd, count }: SpanColumns): Uint32Array {
  const lengths = new Uint32Array(count);
  for (let row = 0; row < count; row++) lengths[row] = (spanEnd[row] as number) - (spanStart[row] as number);
  return lengths;
}

function encodeStrings(strings: readonly string[]): Uint8Array {
  const sink = new ByteSink(1024);
  for (const string of strings) sink.blob(Buffer.from(string, "utf8"));
  return sink.finish();
}

function decodeStrings(source: ByteSource, count: number): string[] {
  return Array.from({ length: count }, () => {
    const { buffer, byteOffset, byteLength } = source.blob();
    return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString("utf8");
  });
}

function hashId(low: number, high: number): number {
  const h = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  return h ^ (h >>> 15);
}

function words(bytes: Uint8Array, count: number): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, count);
}

function sized(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length !== size) throw new RangeError(`${bytes.length} bytes where ${size} are needed`);
  // Readers look at ids as words. Not by slice(), which of a Buffer is no copy.
  return bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
}

function below(index: Uint32Array, size: number): Uint32Array {
  for (const value of index) if (value >= size) throw new RangeError(`position ${value} of ${size}`);
  return index;
}

function narrowed(index: Uint32Array): Uint16Array | Uint32Array {
  for (const value of index) if (value > 0xffff) return index;
  return Uint16Array.from(index);
}
