import { writeVarint } from "../../codec/otlp/wire/wire-writer.ts";
import type { SpanColumns, SpanGroup } from "../../model/span-columns.ts";
import { ByteSink } from "./byte-sink.ts";
import { readUint32 } from "./number-column.ts";
import { PartReader, writeParts } from "./parts.ts";
import { Shredder } from "./shredder.ts";
import {
  CONTEXT,
  hasNumbers,
  hasValues,
  KEY_TAG,
  KIND,
  readTokenTable,
  SPAN_TAG,
  type StoredTable,
  type Token,
  VALUE_TAG,
} from "./tokens.ts";
import { readU64, type U64Values } from "./u64-column.ts";
import { readValues, type Values } from "./value-column.ts";

/** Fields of ResourceSpans and ScopeSpans around the spans of one group, as they came. */
export interface Frame {
  readonly resourceHead: Uint8Array;
  readonly resourceTail: Uint8Array;
  readonly scopeHead: Uint8Array;
  readonly scopeTail: Uint8Array;
}

/** Parts before those of the shredder. */
const FRAMES_PART = 0;
const TABLE_PART = 1;
const SHAPES_PART = 2;
const FIRST_STREAM = 3;

/**
 * Bytes of the body of a sealed row: `body` laid out by `layOut`, with `columns` of it; `frames` in group order. What
 * follows the last group in the body is kept as it is.
 */
export function encodeColumnarBody(
  body: Uint8Array,
  columns: SpanColumns,
  frames: readonly Frame[],
  quality?: number,
): Uint8Array<ArrayBuffer> {
  const sink = new ByteSink(4096);
  for (const { resourceHead, resourceTail, scopeHead, scopeTail } of frames) {
    sink.blob(resourceHead);
    sink.blob(resourceTail);
    sink.blob(scopeHead);
    sink.blob(scopeTail);
  }
  const end = columns.groups.at(-1)?.resourceSpansEnd ?? 0;
  sink.blob(body.subarray(end));
  return writeParts([{ bytes: sink.finish() }, ...new Shredder(body, columns).shred()], quality);
}

/** The body that `encodeSealedBody` was given, of `rawLength` bytes. Throws RangeError for bytes that do not fit. */
export function decodeColumnarBody(bytes: Uint8Array, columns: SpanColumns, rawLength: number): Uint8Array {
  return new Rebuilder(bytes, columns, rawLength).rebuild();
}

interface Stream {
  readonly numbers: U64Values | undefined;
  readonly values: Values | undefined;
  readonly count: number;
  next: number;
}

class Rebuilder {
  readonly #parts: PartReader;
  readonly #columns: SpanColumns;
  readonly #table: StoredTable;
  readonly #streams: Stream[];
  readonly #out: Uint8Array;
  readonly #names: (Uint8Array | undefined)[] = [];
  #at = 0;
  #row = 0;

  constructor(bytes: Uint8Array, columns: SpanColumns, rawLength: number) {
    this.#parts = new PartReader(bytes);
    this.#columns = columns;
    this.#table = readTokenTable(this.#parts.source(TABLE_PART));
    let part = FIRST_STREAM;
    this.#streams = this.#table.tokens.map(({ kind, count }) => ({
      numbers: hasNumbers(kind) ? readU64(this.#parts.get(part++), count) : undefined,
      values: hasValues(kind) ? readValues(this.#parts.get(part++), count) : undefined,
      count,
      next: 0,
    }));
    this.#out = new Uint8Array(rawLength);
  }

  rebuild(): Uint8Array {
    const { count, groups, groupIndex, spanStart, spanEnd } = this.#columns;
    const shapes = readUint32(this.#parts.source(SHAPES_PART), count);
    const frames = this.#parts.source(FRAMES_PART);
    let row = 0;
    for (const [index, group] of groups.entries()) {
      const [resourceHead, resourceTail, scopeHead, scopeTail] = [
        frames.blob(),
        frames.blob(),
        frames.blob(),
        frames.blob(),
      ];
      this.#open(0x0a, group.resourceSpansStart, group.resourceSpansEnd);
      this.#copy(resourceHead, 0, resourceHead.length);
      this.#open(0x12, group.scopeSpansStart, group.scopeSpansEnd);
      this.#copy(scopeHead, 0, scopeHead.length);
      for (; row < count && groupIndex[row] === index; row++) {
        const end = spanEnd[row] as number;
        this.#open(0x12, spanStart[row] as number, end);
        this.#row = row;
        this.#message(shapes[row] as number);
        if (this.#at !== end) throw new RangeError(`span ${row} ends at byte ${this.#at} instead of ${end}`);
      }
      this.#copy(scopeTail, 0, scopeTail.length);
      this.#copy(resourceTail, 0, resourceTail.length);
      this.#expect((group as SpanGroup).resourceSpansEnd);
    }
    const rest = frames.blob();
    this.#copy(rest, 0, rest.length);
    this.#expect(this.#out.length);
    return this.#out;
  }

  #expect(at: number): void {
    if (this.#at !== at) throw new RangeError(`a group ends at byte ${this.#at} instead of ${at}`);
  }

  /** Tag and length of a message whose payload is known to lie at [start, end). */
  #open(tag: number, start: number, end: number): void {
    this.#out[this.#at] = tag;
    this.#at = writeVarint(this.#out, this.#at + 1, end - start);
    this.#expect(start);
  }

  #message(shapeId: number): void {
    const shape = this.#table.shapes[shapeId];
    if (shape === undefined) throw new RangeError(`shape ${shapeId} of ${this.#table.shapes.length}`);
    for (let i = 0; i < shape.length; i++) this.#token(shape[i] as number);
  }

  #token(id: number): void {
    const token = this.#table.tokens[id] as Token;
    const out = this.#out;
    switch (token.kind) {
      case KIND.column:
        this.#tag(token.tag);
        this.#fromColumn(token);
        return;
      case KIND.kvBytes: {
        const { values, at } = this.#value(id);
        const start = values.offsets[at] as number;
        const end = values.offsets[at + 1] as number;
        const length = end - start;
        this.#openAttribute(token, 1 + sizeOf(length) + length);
        out[this.#at] = token.valueTag;
        this.#at = writeVarint(out, this.#at + 1, length);
        this.#copy(values.bytes, start, end);
        return;
      }
      case KIND.kvVarint: {
        const { low, high } = this.#number(id);
        this.#openAttribute(token, 1 + sizeOf64(low, high));
        out[this.#at++] = token.valueTag;
        this.#varint64(low, high);
        return;
      }
      case KIND.kvFixed64: {
        const { low, high } = this.#number(id);
        this.#openAttribute(token, 9);
        out[this.#at++] = token.valueTag;
        this.#word(low);
        this.#word(high);
        return;
      }
      case KIND.kvEmpty:
        this.#openAttribute(token, 0);
        return;
      case KIND.varint: {
        const { low, high } = this.#number(id);
        this.#tag(token.tag);
        this.#varint64(low, high);
        return;
      }
      case KIND.fixed64: {
        const { low, high } = this.#number(id);
        this.#tag(token.tag);
        this.#word(low);
        this.#word(high);
        return;
      }
      case KIND.fixed32:
        this.#tag(token.tag);
        this.#word(this.#number(id).low);
        return;
      case KIND.bytes: {
        const { values, at } = this.#value(id);
        const start = values.offsets[at] as number;
        const end = values.offsets[at + 1] as number;
        this.#tag(token.tag);
        this.#at = writeVarint(out, this.#at, end - start);
        this.#copy(values.bytes, start, end);
        return;
      }
      case KIND.message: {
        this.#tag(token.tag);
        const start = ++this.#at;
        this.#message(this.#number(id).low);
        const length = this.#at - start;
        const extra = sizeOf(length) - 1;
        if (extra > 0) out.copyWithin(start + extra, start, this.#at);
        writeVarint(out, start - 1, length);
        this.#at += extra;
        return;
      }
      case KIND.raw: {
        const { values, at } = this.#value(id);
        this.#copy(values.bytes, values.offsets[at] as number, values.offsets[at + 1] as number);
        return;
      }
      default:
        throw new RangeError(`unknown kind ${token.kind} of a field`);
    }
  }

  #fromColumn({ context, tag }: Token): void {
    const columns = this.#columns;
    const row = this.#row;
    if (context === CONTEXT.status) {
      this.#at = writeVarint(this.#out, this.#at, columns.status[row] as number);
      return;
    }
    switch (tag) {
      case SPAN_TAG.traceId: {
        const start = (columns.traceIndex[row] as number) * 16;
        this.#out[this.#at++] = 16;
        this.#copy(columns.traceIds, start, start + 16);
        return;
      }
      case SPAN_TAG.spanId:
        this.#out[this.#at++] = 8;
        this.#copy(columns.spanIds, row * 8, row * 8 + 8);
        return;
      case SPAN_TAG.parentId:
        this.#out[this.#at++] = 8;
        this.#copy(columns.parentIds, row * 8, row * 8 + 8);
        return;
      case SPAN_TAG.name: {
        const index = columns.nameIndex[row] as number;
        let name = this.#names[index];
        if (name === undefined) {
          name = Buffer.from(columns.strings[index] as string, "utf8");
          this.#names[index] = name;
        }
        this.#at = writeVarint(this.#out, this.#at, name.length);
        this.#copy(name, 0, name.length);
        return;
      }
      case SPAN_TAG.kind:
        this.#at = writeVarint(this.#out, this.#at, columns.kind[row] as number);
        return;
      case SPAN_TAG.start:
        this.#word(columns.startLow[row] as number);
        this.#word(columns.startHigh[row] as number);
        return;
      case SPAN_TAG.end:
        this.#word(columns.endLow[row] as number);
        this.#word(columns.endHigh[row] as number);
        return;
      default:
        throw new RangeError(`field with tag ${tag} is in no column`);
    }
  }

  /** Everything of a KeyValue up to its AnyValue, which has `size` bytes. */
  #openAttribute({ tag, key }: Token, size: number): void {
    const out = this.#out;
    this.#tag(tag);
    this.#at = writeVarint(out, this.#at, 1 + sizeOf(key.length) + key.length + 1 + sizeOf(size) + size);
    out[this.#at] = KEY_TAG;
    this.#at = writeVarint(out, this.#at + 1, key.length);
    this.#copy(key, 0, key.length);
    out[this.#at] = VALUE_TAG;
    this.#at = writeVarint(out, this.#at + 1, size);
  }

  #number(id: number): { low: number; high: number } {
    const stream = this.#streams[id] as Stream;
    const at = stream.next++;
    if (at >= stream.count) throw new RangeError(`stream ${id} has ${stream.count} numbers, and more are needed`);
    const { low, high } = stream.numbers as U64Values;
    return { low: low[at] as number, high: high === undefined ? 0 : (high[at] as number) };
  }

  #value(id: number): { values: Values; at: number } {
    const stream = this.#streams[id] as Stream;
    const at = stream.next++;
    if (at >= stream.count) throw new RangeError(`stream ${id} has ${stream.count} values, and more are needed`);
    const values = stream.values as Values;
    return { values, at: values.codes === undefined ? at : (values.codes[at] as number) };
  }

  #tag(tag: number): void {
    if (tag < 0x80) this.#out[this.#at++] = tag;
    else this.#at = writeVarint(this.#out, this.#at, tag);
  }

  #varint64(low: number, high: number): void {
    let rest = low;
    let upper = high;
    while (upper > 0) {
      this.#out[this.#at++] = (rest & 0x7f) | 0x80;
      rest = ((rest >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    this.#at = writeVarint(this.#out, this.#at, rest);
  }

  #word(value: number): void {
    const out = this.#out;
    out[this.#at++] = value;
    out[this.#at++] = value >>> 8;
    out[this.#at++] = value >>> 16;
    out[this.#at++] = value >>> 24;
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    const out = this.#out;
    let at = this.#at;
    if (end - start > 64) {
      // Bytes beyond the end are an error of the row, told by where it ends.
      if (at + end - start <= out.length) out.set(bytes.subarray(start, end), at);
      at += end - start;
    } else for (let i = start; i < end; i++) out[at++] = bytes[i] as number;
    this.#at = at;
  }
}

/** Bytes of a varint below 2^32. */
function sizeOf(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

function sizeOf64(low: number, high: number): number {
  return high === 0 ? sizeOf(low) : Math.ceil((64 - Math.clz32(high)) / 7);
}
