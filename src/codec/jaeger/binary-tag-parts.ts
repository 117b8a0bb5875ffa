import type { MappingMemory } from "../mapping/mapping-memory.ts";
import { MAX_SPAN_PARTS, VALUE_IN } from "../mapping/span-parts.ts";
import { KEY_USE } from "../mapping/tag-keys.ts";
import type { SpanLimits } from "../otlp/message/span-limits.ts";
import { varintSize, writeVarint } from "../otlp/wire/wire-writer.ts";
import { int32 } from "../thrift/binary-pass.ts";
import { THRIFT_TYPE as T } from "../thrift/protocol.ts";
import { isUtf8 } from "../utf8.ts";
import { TAG_TYPE } from "./thrift-batch.ts";

const WORD = 0x1_0000_0000;
/** Fields of Tag, as type and id. */
const FIELD = {
  key: (T.string << 16) | 1,
  type: (T.i32 << 16) | 2,
  text: (T.string << 16) | 3,
  double: (T.double << 16) | 4,
  bool: (T.bool << 16) | 5,
  long: (T.i64 << 16) | 6,
  binary: (T.string << 16) | 7,
} as const;

/** Finds the tags and the logs of a span of jaeger.thrift, as BinaryParts finds the span. */
export class BinaryTagParts {
  readonly #bytes: Uint8Array;
  readonly #memory: MappingMemory;
  readonly #limits: SpanLimits;
  /** Where the value of each type stands in the tag at hand, by TAG_TYPE; -1 where it is not. */
  readonly #values = new Int32Array(5);
  /** Where the list at hand is of a log, and its event was not named yet. */
  #event = -1;

  constructor(bytes: Uint8Array, limits: SpanLimits, memory: MappingMemory) {
    this.#bytes = bytes;
    this.#memory = memory;
    this.#limits = limits;
  }

  /** The list of tags at `at`: where it ends, or -1 where one of them has to be built. */
  list(at: number, max: number): number {
    const bytes = this.#bytes;
    const size = int32(bytes, at + 1);
    if ((size > 0 && bytes[at] !== T.struct) || size > max) return -1;
    this.#memory.parts.beginTags();
    let end = at + 5;
    for (let i = 0; i < size && end >= 0; i++) end = this.#tag(end);
    return end;
  }

  /** The list of logs at `from`: Log { 1: i64 timestamp µs, 2: list<Tag> fields }, with both. */
  logs(from: number): boolean {
    const bytes = this.#bytes;
    const { parts } = this.#memory;
    const size = int32(bytes, from + 1);
    if ((size > 0 && bytes[from] !== T.struct) || size > Math.min(this.#limits.maxEvents, MAX_SPAN_PARTS)) return false;
    let at = from + 5;
    for (let i = 0; i < size; i++) {
      if (bytes[at] !== T.i64 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) return false;
      const high = int32(bytes, at + 3);
      if (high < 0 || high >= 0x20_0000 || bytes[at + 11] !== T.list || bytes[at + 12] !== 0 || bytes[at + 13] !== 2) {
        return false;
      }
      const event = parts.events++;
      parts.eventMicros[event] = high * WORD + (int32(bytes, at + 7) >>> 0);
      parts.eventNameIn[event] = bytes;
      parts.eventNameFrom[event] = 0;
      parts.eventNameTo[event] = 0;
      this.#event = event;
      at = this.list(at + 14, this.#limits.maxAttributes);
      this.#event = -1;
      if (at < 0 || bytes[at] !== T.stop) return false;
      at++;
      parts.eventTagEnd[event] = parts.tags.count;
    }
    return true;
  }

  #tag(from: number): number {
    const bytes = this.#bytes;
    const values = this.#values.fill(-1);
    let at = from;
    let keyAt = -1;
    let type = -1;
    for (;;) {
      const kind = bytes[at] as number;
      if (kind === T.stop) break;
      const id = ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
      at += 3;
      switch ((kind << 16) | id) {
        case FIELD.key:
          keyAt = at;
          at += 4 + int32(bytes, at);
          break;
        case FIELD.type:
          type = int32(bytes, at);
          at += 4;
          break;
        case FIELD.text:
        case FIELD.binary:
          values[id === 3 ? TAG_TYPE.string : TAG_TYPE.binary] = at;
          at += 4 + int32(bytes, at);
          break;
        case FIELD.double:
          values[TAG_TYPE.double] = at;
          at += 8;
          break;
        case FIELD.long:
          values[TAG_TYPE.long] = at;
          at += 8;
          break;
        case FIELD.bool:
          values[TAG_TYPE.bool] = at++;
          break;
        default:
          return -1;
      }
    }
    if (keyAt < 0 || type < 0 || type > TAG_TYPE.binary || (values[type] as number) < 0) return -1;
    return this.#add(keyAt, type, values[type] as number) ? this.#raw(from, at + 1) : -1;
  }

  #raw(from: number, to: number): number {
    if (this.#event < 0) this.#memory.parts.rawTag(from, to);
    return to;
  }

  #add(keyAt: number, type: number, at: number): boolean {
    const bytes = this.#bytes;
    const { keys, parts } = this.#memory;
    const key = keys.find(bytes, keyAt + 4, keyAt + 4 + int32(bytes, keyAt));
    if (key === undefined || key.use === KEY_USE.reserved) return false;
    if (this.#event >= 0 && key.text === "event") return this.#name(type, at);
    if (this.#event >= 0 && key.text === "otel.dropped_attributes_count") return false;
    if (type === TAG_TYPE.string) {
      const end = at + 4 + int32(bytes, at);
      return isUtf8(bytes, at + 4, end) && parts.addTag(key, VALUE_IN.source, at + 4, end);
    }
    const start = parts.scratchUsed;
    this.#encode(type, at);
    return parts.addTag(key, VALUE_IN.encoded, start, parts.scratchUsed);
  }

  /** The name of an event, once. */
  #name(type: number, at: number): boolean {
    const { parts } = this.#memory;
    const event = this.#event;
    if (type !== TAG_TYPE.string || (parts.eventNameFrom[event] as number) > 0) return false;
    parts.eventNameFrom[event] = at + 4;
    parts.eventNameTo[event] = at + 4 + int32(this.#bytes, at);
    return isUtf8(this.#bytes, at + 4, parts.eventNameTo[event] as number);
  }

  /** AnyValue: bool_value 2, int_value 3, double_value 4, bytes_value 7. */
  #encode(type: number, at: number): void {
    const bytes = this.#bytes;
    const { parts } = this.#memory;
    if (type === TAG_TYPE.bool) {
      const to = parts.take(2);
      parts.scratch[to] = 0x10;
      parts.scratch[to + 1] = bytes[at] === 0 ? 0 : 1;
    } else if (type === TAG_TYPE.double) {
      const to = parts.take(9);
      parts.scratch[to] = 0x21;
      for (let i = 0; i < 8; i++) parts.scratch[to + 1 + i] = bytes[at + 7 - i] as number;
    } else if (type === TAG_TYPE.binary) {
      const size = int32(bytes, at);
      const to = parts.take(1 + varintSize(size) + size);
      parts.scratch[to] = 0x3a;
      const begin = writeVarint(parts.scratch, to + 1, size);
      parts.scratch.set(bytes.subarray(at + 4, at + 4 + size), begin);
    } else this.#encodeInt(int32(bytes, at) >>> 0, int32(bytes, at + 4) >>> 0);
  }

  /** A varint of the two's complement, of at most ten bytes. */
  #encodeInt(high: number, low: number): void {
    const { parts } = this.#memory;
    let to = parts.take(11);
    const { scratch } = parts;
    scratch[to++] = 0x18;
    let rest = low;
    let upper = high;
    while (upper > 0 || rest > 0x7f) {
      scratch[to++] = (rest & 0x7f) | 0x80;
      rest = ((rest >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    scratch[to++] = rest;
    parts.scratchUsed = to;
  }
}
