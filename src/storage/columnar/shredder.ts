import type { SpanColumns } from "../../model/span-columns.ts";
import { ByteSink } from "./byte-sink.ts";
import { writeNumbers } from "./number-column.ts";
import type { Part } from "./parts.ts";
import {
  ATTRIBUTES_TAG,
  CONTEXT,
  type Context,
  hasNumbers,
  hasValues,
  KEY_TAG,
  KIND,
  type Kind,
  SPAN_TAG,
  STATUS_CODE_TAG,
  type Token,
  TokenTable,
  VALUE_TAG,
} from "./tokens.ts";
import { U64List, writeU64 } from "./u64-column.ts";
import { ByteRanges, writeValues } from "./value-column.ts";

const EMPTY = new Int32Array(0);
const CONTEXTS = 4;

/**
 * Takes the spans of one row apart: a shape for each message and a stream for each token. Anything that protobuf allows
 * comes back byte for byte: fields in any order, unknown ones too; a message that is not written as briefly as it could
 * be (a length in more bytes than it needs) is kept whole.
 */
export class Shredder {
  readonly #body: Uint8Array;
  readonly #columns: SpanColumns;
  readonly #table = new TokenTable();
  readonly #numbers: (U64List | undefined)[] = [];
  readonly #values: (ByteRanges | undefined)[] = [];
  /** Tokens whose streams grew since the span began, to be taken back when it turns out to need keeping whole. */
  #journal = new Int32Array(256);
  #journalled = 0;
  /** Per depth: the tokens of the message under way. */
  readonly #building: number[][] = [[], []];
  readonly #lastShape = new Int32Array(4).fill(-1);
  /**
   * By token + 4, or by context at the beginning of a message: what followed it the last time, the likeliest to follow
   * again.
   */
  #followers = new Int32Array(256).fill(-1);
  readonly #names: (Uint8Array | undefined)[] = [];
  #row = 0;
  /** Where the last `#varint` ended, and its upper half. */
  #at = 0;
  #high = 0;

  constructor(body: Uint8Array, columns: SpanColumns) {
    this.#body = body;
    this.#columns = columns;
  }

  /** Parts: the table, the shape of every row, then the streams of the tokens that have one. */
  shred(): Part[] {
    const { count, spanStart, spanEnd } = this.#columns;
    const rowShapes = new Uint32Array(count);
    for (let row = 0; row < count; row++) {
      this.#row = row;
      this.#journalled = 0;
      const start = spanStart[row] as number;
      const end = spanEnd[row] as number;
      rowShapes[row] = this.#message(CONTEXT.span, start, end, 0);
    }
    const shapes = new ByteSink(count + 16);
    writeNumbers(shapes, rowShapes, count);
    const streams: Part[] = [];
    const counts = this.#table.tokens.map((token, i) => {
      if (hasNumbers(token.kind)) {
        const list = this.#numbers[i] ?? new U64List();
        streams.push({ bytes: writeU64(list, token.kind === KIND.fixed64) });
        return list.count;
      }
      if (!hasValues(token.kind)) return 0;
      const ranges = this.#values[i] ?? new ByteRanges();
      streams.push(writeValues(this.#body, ranges));
      return ranges.count;
    });
    return [{ bytes: this.#table.write(counts) }, { bytes: shapes.finish() }, ...streams];
  }

  /** The shape of a message; its values are in the streams. */
  #message(context: Context, start: number, end: number, depth: number): number {
    const mark = this.#journalled;
    const shape = this.#fields(context, start, end, depth);
    if (shape >= 0) return shape;
    while (this.#journalled > mark) {
      const token = this.#journal[--this.#journalled] as number;
      const stream = this.#numbers[token] ?? this.#values[token];
      if (stream !== undefined) stream.count--;
    }
    const raw = this.#table.field(context, KIND.raw, 0);
    this.#value(raw, start, end);
    return this.#table.shape([raw], 1);
  }

  /** -1 where a field is not written as briefly as it could be. */
  #fields(context: Context, start: number, end: number, depth: number): number {
    const body = this.#body;
    const tokens = this.#building[depth] as number[];
    const lastId = this.#lastShape[context] as number;
    const expected = lastId < 0 ? EMPTY : (this.#table.shapes[lastId] as Int32Array);
    const attributes = ATTRIBUTES_TAG[context] as number;
    let count = 0;
    let asExpected = true;
    let previous: number = context;
    let at = start;
    while (at < end) {
      const tag = this.#varint(at, end);
      if (tag < 0 || this.#high !== 0) return -1;
      at = this.#at;
      const guess = this.#followers[previous] ?? -1;
      let token: number;
      switch (tag & 7) {
        case 0: {
          const value = this.#varint(at, end);
          if (value < 0) return -1;
          at = this.#at;
          if (this.#inColumn(context, tag, value)) token = this.#field(guess, context, KIND.column, tag);
          else {
            token = this.#field(guess, context, KIND.varint, tag);
            this.#number(token, value, this.#high);
          }
          break;
        }
        case 1: {
          if (end - at < 8) return -1;
          const low = word(body, at);
          const high = word(body, at + 4);
          at += 8;
          if (context === CONTEXT.span && this.#isTime(tag, low, high)) {
            token = this.#field(guess, context, KIND.column, tag);
          } else {
            token = this.#field(guess, context, KIND.fixed64, tag);
            this.#number(token, low, high);
          }
          break;
        }
        case 5: {
          if (end - at < 4) return -1;
          token = this.#field(guess, context, KIND.fixed32, tag);
          this.#number(token, word(body, at), 0);
          at += 4;
          break;
        }
        case 2: {
          const length = this.#varint(at, end);
          if (length < 0 || this.#high !== 0 || length > end - this.#at) return -1;
          const from = this.#at;
          at = from + length;
          if (tag === attributes) token = this.#attribute(guess, context, tag, from, at);
          else if (context === CONTEXT.span) token = this.#spanField(guess, tag, from, at, depth);
          else token = this.#bytes(guess, context, tag, from, at);
          break;
        }
        default:
          return -1;
      }
      if (token !== guess) this.#follow(previous, token);
      if (asExpected && token !== expected[count]) asExpected = false;
      previous = token + CONTEXTS;
      tokens[count++] = token;
    }
    if (asExpected && lastId >= 0 && count === expected.length) return lastId;
    const shape = this.#table.shape(tokens, count);
    this.#lastShape[context] = shape;
    return shape;
  }

  #follow(previous: number, token: number): void {
    if (previous >= this.#followers.length) {
      const larger = new Int32Array(previous * 2).fill(-1);
      larger.set(this.#followers);
      this.#followers = larger;
    }
    this.#followers[previous] = token;
  }

  #spanField(guess: number, tag: number, from: number, to: number, depth: number): number {
    const context = tag === SPAN_TAG.events ? CONTEXT.event : tag === SPAN_TAG.links ? CONTEXT.link : CONTEXT.status;
    if (tag === SPAN_TAG.events || tag === SPAN_TAG.links || tag === SPAN_TAG.status) {
      const token = this.#field(guess, CONTEXT.span, KIND.message, tag);
      this.#number(token, this.#message(context, from, to, depth + 1), 0);
      return token;
    }
    if (this.#isId(tag, from, to)) return this.#field(guess, CONTEXT.span, KIND.column, tag);
    return this.#bytes(guess, CONTEXT.span, tag, from, to);
  }

  #bytes(guess: number, context: Context, tag: number, from: number, to: number): number {
    const token = this.#field(guess, context, KIND.bytes, tag);
    this.#value(token, from, to);
    return token;
  }

  /** A KeyValue written as `key`, `value` with one field or none; any other is kept as bytes. */
  #attribute(guess: number, context: Context, tag: number, from: number, to: number): number {
    const body = this.#body;
    if (body[from] !== KEY_TAG) return this.#bytes(guess, context, tag, from, to);
    const keyLength = this.#varint(from + 1, to);
    const keyStart = this.#at;
    const keyEnd = keyStart + keyLength;
    if (keyLength < 0 || this.#high !== 0 || keyEnd >= to || body[keyEnd] !== VALUE_TAG) {
      return this.#bytes(guess, context, tag, from, to);
    }
    const valueLength = this.#varint(keyEnd + 1, to);
    let at = this.#at;
    if (valueLength < 0 || this.#high !== 0 || at + valueLength !== to) {
      return this.#bytes(guess, context, tag, from, to);
    }
    if (valueLength === 0) return this.#keyed(guess, context, KIND.kvEmpty, tag, 0, keyStart, keyEnd);
    const valueTag = body[at++] as number;
    switch (valueTag) {
      case 0x0a:
      case 0x2a:
      case 0x32:
      case 0x3a: {
        const length = this.#varint(at, to);
        if (length < 0 || this.#high !== 0 || this.#at + length !== to) break;
        const start = this.#at;
        const token = this.#keyed(guess, context, KIND.kvBytes, tag, valueTag, keyStart, keyEnd);
        this.#value(token, start, to);
        return token;
      }
      case 0x10:
      case 0x18: {
        const low = this.#varint(at, to);
        if (low < 0 || this.#at !== to) break;
        const token = this.#keyed(guess, context, KIND.kvVarint, tag, valueTag, keyStart, keyEnd);
        this.#number(token, low, this.#high);
        return token;
      }
      case 0x21: {
        if (to - at !== 8) break;
        const token = this.#keyed(guess, context, KIND.kvFixed64, tag, valueTag, keyStart, keyEnd);
        this.#number(token, word(body, at), word(body, at + 4));
        return token;
      }
      default:
    }
    return this.#bytes(guess, context, tag, from, to);
  }

  #field(guess: number, context: Context, kind: Kind, tag: number): number {
    if (guess >= 0) {
      const token = this.#table.tokens[guess] as Token;
      if (token.kind === kind && token.tag === tag) return guess;
    }
    return this.#table.field(context, kind, tag);
  }

  #keyed(
    guess: number,
    context: Context,
    kind: Kind,
    tag: number,
    valueTag: number,
    keyStart: number,
    keyEnd: number,
  ): number {
    const body = this.#body;
    if (guess >= 0) {
      const { kind: otherKind, valueTag: otherTag, key } = this.#table.tokens[guess] as Token;
      if (otherKind === kind && otherTag === valueTag && key.length === keyEnd - keyStart) {
        let i = 0;
        while (i < key.length && key[i] === body[keyStart + i]) i++;
        if (i === key.length) return guess;
      }
    }
    return this.#table.attribute(context, kind, tag, valueTag, body.subarray(keyStart, keyEnd));
  }

  #number(token: number, low: number, high: number): void {
    let list = this.#numbers[token];
    if (list === undefined) {
      list = new U64List();
      this.#numbers[token] = list;
    }
    list.push(low, high);
    this.#note(token);
  }

  #value(token: number, start: number, end: number): void {
    let ranges = this.#values[token];
    if (ranges === undefined) {
      ranges = new ByteRanges();
      this.#values[token] = ranges;
    }
    ranges.push(start, end);
    this.#note(token);
  }

  #note(token: number): void {
    if (this.#journalled === this.#journal.length) {
      const larger = new Int32Array(this.#journal.length * 2);
      larger.set(this.#journal);
      this.#journal = larger;
    }
    this.#journal[this.#journalled++] = token;
  }

  /** The field equals what the columns have: written from there. */
  #inColumn(context: Context, tag: number, value: number): boolean {
    if (this.#high !== 0) return false;
    if (context === CONTEXT.span) return tag === SPAN_TAG.kind && this.#columns.kind[this.#row] === value;
    return context === CONTEXT.status && tag === STATUS_CODE_TAG && this.#columns.status[this.#row] === value;
  }

  #isTime(tag: number, low: number, high: number): boolean {
    const { startLow, startHigh, endLow, endHigh } = this.#columns;
    const row = this.#row;
    if (tag === SPAN_TAG.start) return startLow[row] === low && startHigh[row] === high;
    return tag === SPAN_TAG.end && endLow[row] === low && endHigh[row] === high;
  }

  #isId(tag: number, from: number, to: number): boolean {
    const columns = this.#columns;
    const row = this.#row;
    switch (tag) {
      case SPAN_TAG.traceId:
        return this.#equals(from, to, columns.traceIds, (columns.traceIndex[row] as number) * 16, 16);
      case SPAN_TAG.spanId:
        return this.#equals(from, to, columns.spanIds, row * 8, 8);
      case SPAN_TAG.parentId:
        return this.#equals(from, to, columns.parentIds, row * 8, 8);
      case SPAN_TAG.name: {
        const index = columns.nameIndex[row] as number;
        let name = this.#names[index];
        if (name === undefined) {
          name = Buffer.from(columns.strings[index] as string, "utf8");
          this.#names[index] = name;
        }
        return this.#equals(from, to, name, 0, name.length);
      }
      default:
        return false;
    }
  }

  #equals(from: number, to: number, bytes: Uint8Array, at: number, length: number): boolean {
    if (to - from !== length) return false;
    const body = this.#body;
    for (let i = 0; i < length; i++) if (body[from + i] !== bytes[at + i]) return false;
    return true;
  }

  /** Lower half of a varint, the upper in `#high`; -1 where it is cut off or longer than it need be. */
  #varint(start: number, end: number): number {
    const body = this.#body;
    if (start >= end) return -1;
    const first = body[start] as number;
    this.#high = 0;
    if (first < 0x80) {
      this.#at = start + 1;
      return first;
    }
    let low = first & 0x7f;
    let high = 0;
    for (let i = 1; i < 10; i++) {
      if (start + i >= end) return -1;
      const byte = body[start + i] as number;
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (i < 9) high |= bits << (7 * i - 32);
      else high |= bits << 31;
      if (byte >= 0x80) continue;
      if (byte === 0 || (i === 9 && byte > 1)) return -1;
      this.#high = high >>> 0;
      this.#at = start + i + 1;
      return low >>> 0;
    }
    return -1;
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}
