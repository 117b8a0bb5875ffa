import type { MappingMemory } from "../mapping/mapping-memory.ts";
import { MAX_SPAN_PARTS, nanosHigh, VALUE_IN } from "../mapping/span-parts.ts";
import { KEY_USE } from "../mapping/tag-keys.ts";
import type { SpanLimits } from "../otlp/message/span-limits.ts";
import type { LenientCursor } from "../otlp/wire/lenient-cursor.ts";
import { isUtf8 } from "../utf8.ts";
import { ZipkinParts } from "./zipkin-parts.ts";

const WORD = 0x1_0000_0000;
/** Upper half of what is counted exactly. */
const MAX_HIGH = 0x20_0000;
/** Fields that come again and again. */
const ANNOTATION = 0x52;
const TAG = 0x5a;

/** Finds the parts of a span in zipkin.proto3. What is not as senders write it is left to who builds the span. */
export class ProtobufParts {
  readonly found: ZipkinParts;
  readonly #cursor: LenientCursor;
  readonly #memory: MappingMemory;
  readonly #limits: SpanLimits;
  /** Ranges of the two fields of the entry or the annotation at hand. */
  #from = 0;
  #to = 0;
  #keyFrom = 0;
  #keyTo = 0;

  constructor(cursor: LenientCursor, limits: SpanLimits, memory: MappingMemory) {
    this.#cursor = cursor;
    this.#memory = memory;
    this.#limits = limits;
    this.found = new ZipkinParts(cursor.bytes, memory);
  }

  /** The Span in bytes[start, end): true where it may be written, false where it has to be built. */
  find(start: number, end: number): boolean {
    const cursor = this.#cursor;
    const { parts } = this.#memory;
    this.found.begin();
    parts.beginTags();
    let at = start;
    let seen = 0;
    while (cursor.next(at, end)) {
      at = cursor.end;
      const { tag } = cursor;
      const bit = 1 << (tag >>> 3);
      if (tag > 0x6f || ((seen & bit) !== 0 && tag !== ANNOTATION && tag !== TAG)) return false;
      seen |= bit;
      if (!this.#field(tag)) return false;
    }
    parts.spanTags = parts.tags.count;
    return at === end && parts.spanTags <= this.#limits.maxAttributes && this.found.finish();
  }

  #field(tag: number): boolean {
    const cursor = this.#cursor;
    const { found } = this;
    const { parts } = this.#memory;
    const { start, end, low, high } = cursor;
    switch (tag) {
      case 0x0a:
        return (end - start === 16 || end - start === 8) && this.#id(16);
      case 0x12:
        return end === start || (end - start === 8 && this.#id(32));
      case 0x1a:
        return end - start === 8 && this.#id(24);
      case 0x20:
        if (low > 0) found.setKind(start, end);
        return high === 0 && low <= 4;
      case 0x2a:
        parts.nameFrom = start;
        parts.nameTo = end;
        return isUtf8(cursor.bytes, start, end);
      case 0x31:
        parts.startMicros = this.#fixed64();
        return parts.startMicros >= 0;
      case 0x38:
        parts.durationMicros = high * WORD + low;
        return high < MAX_HIGH;
      case 0x42:
      case 0x4a:
        found.setEndpoint(tag === 0x42, start, end);
        return true;
      case ANNOTATION:
        return this.#annotation();
      case TAG:
        return this.#tag();
      case 0x60:
        found.debug = low !== 0 || high !== 0 ? 1 : 0;
        return true;
      case 0x68:
        found.shared = low !== 0 || high !== 0 ? 1 : 0;
        return true;
      default:
        return false;
    }
  }

  /** The bytes at hand, ending before `to` of the ids. */
  #id(to: number): boolean {
    const { bytes, start, end } = this.#cursor;
    const { ids } = this.#memory.parts;
    for (let i = 1; i <= end - start; i++) ids[to - i] = bytes[end - i] as number;
    return true;
  }

  /** -1 for what is not counted exactly, or is no time. */
  #fixed64(): number {
    const { bytes, start } = this.#cursor;
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, 8);
    const high = view.getUint32(4, true);
    const value = high * WORD + view.getUint32(0, true);
    return high < MAX_HIGH && nanosHigh(value) < WORD ? value : -1;
  }

  /** Annotation: timestamp 1, value 2, each once and in this order. */
  #annotation(): boolean {
    const cursor = this.#cursor;
    const { parts } = this.#memory;
    const { start, end } = cursor;
    const event = parts.events;
    if (event === Math.min(this.#limits.maxEvents, MAX_SPAN_PARTS)) return false;
    if (!this.#isNext(0x09, start, end)) return false;
    const micros = this.#fixed64();
    if (micros < 0 || !this.#isNext(0x12, cursor.end, end) || cursor.end !== end) return false;
    // A quote begins what an event with attributes became.
    if (cursor.bytes[cursor.start] === 0x22 || !isUtf8(cursor.bytes, cursor.start, end)) return false;
    parts.events++;
    parts.eventMicros[event] = micros;
    parts.eventNameIn[event] = cursor.bytes;
    parts.eventNameFrom[event] = cursor.start;
    parts.eventNameTo[event] = end;
    return true;
  }

  /** An entry of a map: key 1, value 2, each at most once and in this order. */
  #tag(): boolean {
    const cursor = this.#cursor;
    const { keys, parts } = this.#memory;
    const { from: raw, bytes } = cursor;
    const { end } = cursor;
    if (!this.#entry(cursor.start, end)) return false;
    const key = keys.find(bytes, this.#keyFrom, this.#keyTo);
    if (key === undefined || key.use === KEY_USE.reserved || !isUtf8(bytes, this.#from, this.#to)) return false;
    if (!parts.addTag(key, VALUE_IN.source, this.#from, this.#to)) return false;
    parts.rawTag(raw, end);
    return true;
  }

  #entry(start: number, end: number): boolean {
    const cursor = this.#cursor;
    this.#keyFrom = start;
    this.#keyTo = start;
    this.#from = start;
    this.#to = start;
    let at = start;
    if (this.#isNext(0x0a, at, end)) {
      this.#keyFrom = cursor.start;
      this.#keyTo = cursor.end;
      at = cursor.end;
    }
    if (this.#isNext(0x12, at, end)) {
      this.#from = cursor.start;
      this.#to = cursor.end;
      at = cursor.end;
    }
    return at === end;
  }

  #isNext(tag: number, at: number, end: number): boolean {
    return this.#cursor.next(at, end) && this.#cursor.tag === tag;
  }
}
