import { hexDigit, JSON_KIND, type JsonCursor } from "../json/json-cursor.ts";
import type { MappingMemory } from "../mapping/mapping-memory.ts";
import { MAX_SPAN_PARTS, nanosHigh, VALUE_IN } from "../mapping/span-parts.ts";
import { KEY_USE } from "../mapping/tag-keys.ts";
import type { SpanLimits } from "../otlp/message/span-limits.ts";
import { isUtf8 } from "../utf8.ts";
import { NOTE, NOTE_FIELDS, SPAN, SPAN_FIELDS } from "./json-names.ts";
import { ZipkinParts } from "./zipkin-parts.ts";

/** Digits of a number that is counted exactly. */
const MAX_DIGITS = 15;
const KINDS = ["CLIENT", "SERVER", "PRODUCER", "CONSUMER"].map((kind) => new TextEncoder().encode(kind));

/**
 * Finds the parts of a span of v2 in Zipkin's JSON. What is not as senders write it, or is of v1, is left to who builds
 * the span.
 */
export class JsonParts {
  readonly found: ZipkinParts;
  readonly #cursor: JsonCursor;
  readonly #memory: MappingMemory;
  readonly #limits: SpanLimits;
  /** Range of the last `#anyText` or `#value`. */
  #from = 0;
  #to = 0;

  constructor(cursor: JsonCursor, limits: SpanLimits, memory: MappingMemory) {
    this.#cursor = cursor;
    this.#memory = memory;
    this.#limits = limits;
    this.found = new ZipkinParts(cursor.bytes, memory);
  }

  /** The object at hand: true where it was passed, false where the span has to be built. */
  find(): boolean {
    const cursor = this.#cursor;
    this.found.begin();
    let seen = 0;
    if (!cursor.enterObject()) return false;
    do {
      cursor.key();
      const field = SPAN_FIELDS.find(cursor);
      if (field === 0) cursor.skip();
      else if ((seen & (1 << field)) !== 0 || !this.#member(field)) return false;
      seen |= 1 << field;
    } while (cursor.moreMembers());
    return this.found.finish();
  }

  #member(field: number): boolean {
    const { parts } = this.#memory;
    const { found } = this;
    switch (field) {
      case SPAN.traceId:
        return this.#id(0, 16);
      case SPAN.id:
        return this.#id(16, 8);
      case SPAN.parentId:
        return this.#id(24, 8);
      case SPAN.name:
        return this.#name();
      case SPAN.kind:
        return this.#kind();
      case SPAN.timestamp:
        parts.startMicros = this.#micros();
        return parts.startMicros >= 0;
      case SPAN.duration:
        parts.durationMicros = this.#micros();
        return parts.durationMicros >= 0;
      case SPAN.localEndpoint:
        return this.#endpoint(true);
      case SPAN.remoteEndpoint:
        return this.#endpoint(false);
      case SPAN.annotations:
        return this.#annotations();
      case SPAN.tags:
        return this.#tags();
      case SPAN.debug:
        found.debug = this.#bool();
        return found.debug >= 0;
      case SPAN.shared:
        found.shared = this.#bool();
        return found.shared >= 0;
      default:
        return false;
    }
  }

  /** Text without escapes, which is UTF-8. */
  #text(): boolean {
    const cursor = this.#cursor;
    if (cursor.kind() !== JSON_KIND.string) return false;
    cursor.string();
    return cursor.plain && (cursor.ascii || isUtf8(cursor.bytes, cursor.start, cursor.end));
  }

  /** Hex digits, as many as `size` bytes have at most; what is missing in front is zeros. */
  #id(to: number, size: number): boolean {
    if (!this.#text()) return false;
    const { bytes, start, end } = this.#cursor;
    const { ids } = this.#memory.parts;
    if (end - start > size * 2) return false;
    let at = end;
    for (let i = to + size - 1; i >= to; i--) {
      const low = at > start ? hexDigit(bytes[--at] as number) : 0;
      const high = at > start ? hexDigit(bytes[--at] as number) : 0;
      if (low < 0 || high < 0) return false;
      ids[i] = (high << 4) | low;
    }
    return true;
  }

  #kind(): boolean {
    if (!this.#text()) return false;
    const { bytes, start, end } = this.#cursor;
    for (const kind of KINDS) {
      if (!isText(bytes, start, end, kind)) continue;
      this.found.setKind(start, end);
      return true;
    }
    return false;
  }

  #name(): boolean {
    const { parts } = this.#memory;
    const place = this.#anyText();
    if (place < 0) return false;
    const scratch = place === VALUE_IN.scratch;
    parts.nameIn = scratch ? parts.scratch : parts.source;
    parts.nameFrom = this.#from;
    parts.nameTo = this.#to;
    return true;
  }

  /** Any text: where it lies then, as one of VALUE_IN; -1 for what is no text, or no UTF-8. */
  #anyText(): number {
    const cursor = this.#cursor;
    if (cursor.kind() !== JSON_KIND.string) return -1;
    cursor.string();
    const { start, end } = cursor;
    if (!cursor.ascii && !isUtf8(cursor.bytes, start, end)) return -1;
    this.#from = start;
    this.#to = end;
    if (cursor.plain) return VALUE_IN.source;
    const { parts } = this.#memory;
    this.#from = parts.take(end - start);
    this.#to = this.#from + cursor.unescape(parts.scratch.subarray(this.#from));
    return VALUE_IN.scratch;
  }

  /** A whole number of microseconds, -1 for anything else. */
  #micros(): number {
    const cursor = this.#cursor;
    if (cursor.kind() !== JSON_KIND.number) return -1;
    cursor.number();
    const { bytes, start, end, whole } = cursor;
    // 16 digits are counted exactly as long as the first of them is below 9, which it is until 2255.
    if (!whole || end - start > MAX_DIGITS + 1 || (end - start > MAX_DIGITS && (bytes[start] as number) > 0x38))
      return -1;
    let value = 0;
    for (let at = start; at < end; at++) {
      const digit = (bytes[at] as number) - 0x30;
      if (digit < 0) return -1;
      value = value * 10 + digit;
    }
    return nanosHigh(value) < 0x1_0000_0000 ? value : -1;
  }

  /** 1 for true, 0 for false, -1 for anything else. */
  #bool(): number {
    const cursor = this.#cursor;
    if (cursor.kind() !== JSON_KIND.bool) return -1;
    return cursor.bool() ? 1 : 0;
  }

  #endpoint(local: boolean): boolean {
    const cursor = this.#cursor;
    if (cursor.kind() !== JSON_KIND.object) return false;
    const from = cursor.at;
    const end = local ? this.found.endOfLocal(from) : -1;
    if (end > 0) cursor.at = end;
    else cursor.skip();
    this.found.setEndpoint(local, from, cursor.at);
    return true;
  }

  /** Annotations of v2, with the time and the text of each. */
  #annotations(): boolean {
    const cursor = this.#cursor;
    const { parts } = this.#memory;
    const max = Math.min(this.#limits.maxEvents, MAX_SPAN_PARTS);
    if (cursor.kind() !== JSON_KIND.array) return false;
    if (!cursor.enterArray()) return true;
    do {
      if (parts.events === max || cursor.kind() !== JSON_KIND.object || !this.#annotation(parts.events)) return false;
      parts.events++;
    } while (cursor.moreItems());
    return true;
  }

  #annotation(event: number): boolean {
    const cursor = this.#cursor;
    const { parts } = this.#memory;
    let seen = 0;
    if (!cursor.enterObject()) return false;
    do {
      cursor.key();
      const field = NOTE_FIELDS.find(cursor);
      if (field === 0 || (seen & (1 << field)) !== 0) return false;
      seen |= 1 << field;
      if (field === NOTE.timestamp) {
        const micros = this.#micros();
        if (micros < 0) return false;
        parts.eventMicros[event] = micros;
      } else if (field === NOTE.value) {
        const place = this.#anyText();
        if (place < 0) return false;
        const from = place === VALUE_IN.scratch ? parts.scratch : parts.source;
        // A quote begins what an event with attributes became.
        if (this.#to > this.#from && from[this.#from] === 0x22) return false;
        parts.eventNameIn[event] = from;
        parts.eventNameFrom[event] = this.#from;
        parts.eventNameTo[event] = this.#to;
      } else return false;
    } while (cursor.moreMembers());
    return seen === ((1 << NOTE.timestamp) | (1 << NOTE.value));
  }

  #tags(): boolean {
    const cursor = this.#cursor;
    const { keys, parts } = this.#memory;
    if (cursor.kind() !== JSON_KIND.object) return false;
    parts.beginTags();
    if (!cursor.enterObject()) return true;
    do {
      cursor.key();
      if (!cursor.plain) return false;
      const raw = cursor.start - 1;
      const key = keys.find(cursor.bytes, cursor.start, cursor.end);
      if (key === undefined || key.use === KEY_USE.reserved) return false;
      const place = this.#value();
      if (place < 0 || !parts.addTag(key, place, this.#from, this.#to)) return false;
      parts.rawTag(raw, cursor.at);
    } while (cursor.moreMembers());
    parts.spanTags = parts.tags.count;
    return parts.spanTags <= this.#limits.maxAttributes;
  }

  /** Text, or a number or truth value as it is written. */
  #value(): number {
    const cursor = this.#cursor;
    const kind = cursor.kind();
    if (kind === JSON_KIND.string) return this.#anyText();
    this.#from = cursor.at;
    if (kind === JSON_KIND.number) cursor.number();
    else if (kind === JSON_KIND.bool) cursor.bool();
    else return -1;
    this.#to = cursor.at;
    return VALUE_IN.source;
  }
}

function isText(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}
