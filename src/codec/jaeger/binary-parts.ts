import type { MappingMemory } from "../mapping/mapping-memory.ts";
import { MAX_SPAN_PARTS, nanosHigh } from "../mapping/span-parts.ts";
import { isOwn } from "../mapping/write-parts.ts";
import type { SpanLimits } from "../otlp/message/span-limits.ts";
import { int32, passBinary } from "../thrift/binary-pass.ts";
import { THRIFT_TYPE as T } from "../thrift/protocol.ts";
import { isUtf8 } from "../utf8.ts";
import { BinaryTagParts } from "./binary-tag-parts.ts";
import { LINK_ATTRIBUTES } from "./key-use.ts";

const WORD = 0x1_0000_0000;
/** Fields of Span, as type and id. */
const FIELD = {
  traceIdLow: (T.i64 << 16) | 1,
  traceIdHigh: (T.i64 << 16) | 2,
  spanId: (T.i64 << 16) | 3,
  parentSpanId: (T.i64 << 16) | 4,
  operationName: (T.string << 16) | 5,
  references: (T.list << 16) | 6,
  flags: (T.i32 << 16) | 7,
  startTime: (T.i64 << 16) | 8,
  duration: (T.i64 << 16) | 9,
  tags: (T.list << 16) | 10,
  logs: (T.list << 16) | 11,
} as const;
/** Bits of the ids of fields that a span must have. */
const NEEDED = (1 << 1) | (1 << 3) | (1 << 8) | (1 << 9);

/**
 * Finds the parts of a span of jaeger.thrift in bytes that are known to be of Thrift's binary protocol. What is not as
 * senders write it is left to who builds the span.
 */
export class BinaryParts {
  readonly #bytes: Uint8Array;
  readonly #memory: MappingMemory;
  readonly #tags: BinaryTagParts;
  readonly #limits: SpanLimits;
  #flagsAt = -1;
  #references = -1;

  constructor(bytes: Uint8Array, limits: SpanLimits, memory: MappingMemory) {
    this.#bytes = bytes;
    this.#memory = memory;
    this.#limits = limits;
    this.#tags = new BinaryTagParts(bytes, limits, memory);
  }

  /** The struct at `at`: where it ends, or -1 where the span has to be built. */
  find(at: number): number {
    const { parts } = this.#memory;
    parts.begin(this.#bytes);
    this.#flagsAt = -1;
    this.#references = -1;
    const end = this.#fields(at);
    if (end < 0 || !this.#idsAreFine() || !this.#findReferences()) return -1;
    if (nanosHigh(parts.startMicros + parts.durationMicros) >= WORD) return -1;
    this.#tell();
    return end;
  }

  #fields(from: number): number {
    const bytes = this.#bytes;
    const { parts } = this.#memory;
    let at = from;
    let seen = 0;
    let logs = -1;
    parts.ids.fill(0);
    for (;;) {
      const type = bytes[at] as number;
      if (type === T.stop) break;
      const id = ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
      at += 3;
      if (id > 30 || (seen & (1 << id)) !== 0) return -1;
      seen |= 1 << id;
      switch ((type << 16) | id) {
        case FIELD.traceIdLow:
          at = this.#copy(at, 8);
          break;
        case FIELD.traceIdHigh:
          at = this.#copy(at, 0);
          break;
        case FIELD.spanId:
          at = this.#copy(at, 16);
          break;
        case FIELD.parentSpanId:
          at = this.#copy(at, 24);
          break;
        case FIELD.operationName:
          parts.nameFrom = at + 4;
          at += 4 + int32(bytes, at);
          parts.nameTo = at;
          if (!isUtf8(bytes, parts.nameFrom, at)) return -1;
          break;
        case FIELD.references:
          this.#references = at;
          at = passBinary(bytes, at, T.list, 0);
          break;
        case FIELD.flags:
          this.#flagsAt = at;
          at += 4;
          break;
        case FIELD.startTime:
          parts.startMicros = this.#micros(at);
          at += 8;
          break;
        case FIELD.duration:
          parts.durationMicros = this.#micros(at);
          at += 8;
          break;
        case FIELD.tags:
          at = this.#tags.list(at, this.#limits.maxAttributes);
          if (at < 0) return -1;
          parts.spanTags = parts.tags.count;
          break;
        case FIELD.logs:
          logs = at;
          at = passBinary(bytes, at, T.list, 0);
          break;
        default:
          return -1;
      }
    }
    if ((seen & NEEDED) !== NEEDED || parts.startMicros < 0 || parts.durationMicros < 0) return -1;
    return logs < 0 || this.#tags.logs(logs) ? at + 1 : -1;
  }

  /** Eight bytes into the ids. */
  #copy(at: number, to: number): number {
    const bytes = this.#bytes;
    const { ids } = this.#memory.parts;
    for (let i = 0; i < 8; i++) ids[to + i] = bytes[at + i] as number;
    return at + 8;
  }

  /** -1 for what is negative, or too large to be counted exactly. */
  #micros(at: number): number {
    const high = int32(this.#bytes, at);
    return high >= 0 && high < 0x20_0000 ? high * WORD + (int32(this.#bytes, at + 4) >>> 0) : -1;
  }

  #idsAreFine(): boolean {
    const { parts } = this.#memory;
    parts.hasParent = isSet(parts.ids, 24, 32);
    return isSet(parts.ids, 0, 16) && isSet(parts.ids, 16, 24);
  }

  /**
   * SpanRef { 1: SpanRefType refType, 2: i64 traceIdLow, 3: i64 traceIdHigh, 4: i64 spanId }. The first CHILD_OF within
   * the trace is the parent where no field names it; what leads to the parent once more is no link.
   */
  #findReferences(): boolean {
    if (this.#references < 0) return true;
    const bytes = this.#bytes;
    const { parts } = this.#memory;
    const size = int32(bytes, this.#references + 1);
    if ((size > 0 && bytes[this.#references] !== T.struct) || size > Math.min(this.#limits.maxLinks, MAX_SPAN_PARTS)) {
      return false;
    }
    let at = this.#references + 5;
    for (let i = 0; i < size; i++) {
      const link = parts.take(24);
      at = this.#reference(at, link);
      if (at < 0) return false;
    }
    return true;
  }

  /** In the order of their fields and with all of them, as every writer has it. */
  #reference(from: number, link: number): number {
    const bytes = this.#bytes;
    const { parts } = this.#memory;
    const { ids, scratch } = parts;
    const isUsual =
      this.#isField(from, T.i32, 1) &&
      this.#isField(from + 7, T.i64, 2) &&
      this.#isField(from + 18, T.i64, 3) &&
      this.#isField(from + 29, T.i64, 4) &&
      bytes[from + 40] === T.stop;
    if (!isUsual) return -1;
    const attributes = LINK_ATTRIBUTES[int32(bytes, from + 3)];
    if (attributes === undefined) return -1;
    for (let i = 0; i < 8; i++) {
      scratch[link + i] = bytes[from + 21 + i] as number;
      scratch[link + 8 + i] = bytes[from + 10 + i] as number;
      scratch[link + 16 + i] = bytes[from + 32 + i] as number;
    }
    if (!isSet(scratch, link, link + 16) || !isSet(scratch, link + 16, link + 24)) return -1;
    const inTrace = attributes === LINK_ATTRIBUTES[0] && same(scratch, link, ids, 0, 16);
    if (inTrace && !parts.hasParent) {
      ids.set(scratch.subarray(link + 16, link + 24), 24);
      parts.hasParent = true;
    }
    const isParent = inTrace && same(scratch, link + 16, ids, 24, 8);
    if (!isParent) parts.links.push({ at: link, attributes });
    return from + 41;
  }

  #isField(at: number, type: number, id: number): boolean {
    const bytes = this.#bytes;
    return bytes[at] === type && bytes[at + 1] === 0 && bytes[at + 2] === id;
  }

  /** Flags and the tags that own fields follow from. */
  #tell(): void {
    const memory = this.#memory;
    const { tags, spanTags } = memory.parts;
    memory.beginTelling();
    if (this.#flagsAt >= 0) memory.tell(1, this.#bytes, this.#flagsAt, this.#flagsAt + 4);
    for (let row = 0; row < spanTags; row++) {
      if (!isOwn((tags.keys[row] as { use: number }).use, false)) continue;
      memory.tell(2, this.#bytes, tags.rawFrom[row] as number, tags.rawTo[row] as number);
    }
  }
}

function isSet(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return true;
  return false;
}

function same(a: Uint8Array, from: number, b: Uint8Array, begin: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[from + i] !== b[begin + i]) return false;
  return true;
}
