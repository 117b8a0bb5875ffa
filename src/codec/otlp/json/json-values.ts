import { SPAN_MARK } from "../../../model/span.ts";
import { JSON_KIND, type JsonCursor } from "../../json/json-cursor.ts";
import { FieldTable } from "../../json/json-fields.ts";
import { utf8Text } from "../../utf8.ts";
import type { SpanLimits } from "../message/span-limits.ts";
import type { WireWriter } from "../wire/wire-writer.ts";
import { type JsonScalars, WHOLE } from "./json-scalars.ts";

const KEY_VALUE = { key: 1, value: 2 } as const;
const KEY_VALUE_FIELDS = new FieldTable(KEY_VALUE);

/** Field numbers of AnyValue (common.proto). */
const ANY = {
  stringValue: 1,
  boolValue: 2,
  intValue: 3,
  doubleValue: 4,
  arrayValue: 5,
  kvlistValue: 6,
  bytesValue: 7,
} as const;
const ANY_FIELDS = new FieldTable(ANY);
const LIST_FIELDS = new FieldTable({ values: 1 });
const SERVICE_NAME = new TextEncoder().encode("service.name");
/** Of what Node's Buffer becomes in JSON: `{"type":"Buffer","data":[…]}`. */
const BUFFER_FIELDS = new FieldTable({ data: 1, type: 2 });

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/**
 * Writes attribute lists and values of OTLP/JSON as protobuf, as they are read. A value of the wrong type becomes what
 * it plainly means, or an empty value, and the span is marked. A list value is cut at its limit of bytes.
 */
export class JsonValues {
  readonly #cursor: JsonCursor;
  readonly #writer: WireWriter;
  readonly #scalars: JsonScalars;
  readonly #limits: SpanLimits;
  /** Attributes that the owner of the last list has, those beyond the limit included. */
  count = 0;
  /** Where the attribute value that is being written may end. */
  #room = 0;
  #maxText = 0;

  constructor(cursor: JsonCursor, writer: WireWriter, scalars: JsonScalars, limits: SpanLimits) {
    this.#cursor = cursor;
    this.#writer = writer;
    this.#scalars = scalars;
    this.#limits = limits;
  }

  /**
   * Writes the list at hand as KeyValue fields. Gives the number of attributes beyond the limit, which are left out; -1
   * where the value is no list, and then it is passed.
   * @param before attributes that the owner has already
   * @param ofResource a resource's service is a name
   */
  attributes(tag: number, before: number, ofResource = false): number {
    const cursor = this.#cursor;
    const kind = cursor.kind();
    if (kind === JSON_KIND.null) {
      cursor.null();
      return 0;
    }
    if (kind !== JSON_KIND.array) {
      cursor.skip();
      return -1;
    }
    let count = before;
    this.count = before;
    const begin = cursor.at;
    if (cursor.enterArray()) {
      do {
        if (count >= this.#limits.maxAttributes) {
          count += cursor.skipItems(begin, count - before);
          break;
        }
        count++;
        this.#room = Number.POSITIVE_INFINITY;
        this.#maxText = this.#limits.maxValueBytes;
        this.#keyValue(tag, this.#limits.maxDepth, ofResource);
      } while (cursor.moreItems());
    }
    this.count = count;
    const beyond = count - Math.max(before, this.#limits.maxAttributes);
    if (beyond <= 0) return 0;
    this.#scalars.marks |= SPAN_MARK.mended;
    return beyond;
  }

  #keyValue(tag: number, depth: number, ofResource = false): void {
    const cursor = this.#cursor;
    if (cursor.kind() !== JSON_KIND.object) {
      this.#scalars.skipOdd();
      return;
    }
    const start = this.#writer.open(tag);
    if (cursor.enterObject()) {
      let valued = false;
      do {
        cursor.key();
        const field = KEY_VALUE_FIELDS.find(cursor);
        if (field === KEY_VALUE.key) {
          this.#scalars.putText(0x0a, this.#limits.maxNameBytes);
          if (ofResource && this.#scalars.textIs(SERVICE_NAME)) {
            this.#maxText = Math.min(this.#limits.maxNameBytes, this.#maxText);
          }
        } else if (field === KEY_VALUE.value && !valued) {
          valued = true;
          this.#anyValue(0x12, depth);
        } else cursor.skip();
      } while (cursor.moreMembers());
    }
    this.#writer.close(start);
  }

  /** What is nested too deeply is left out. */
  #anyValue(tag: number, depth: number): void {
    const cursor = this.#cursor;
    const writer = this.#writer;
    if (depth <= 0) {
      this.#scalars.skipOdd();
      return;
    }
    const start = writer.open(tag);
    const kind = cursor.kind();
    if (kind === JSON_KIND.null) cursor.null();
    else if (kind === JSON_KIND.object) this.#oneOf(depth);
    else this.#bare(depth);
    writer.close(start);
  }

  /** The first field of the oneof that is there and not null; an object without any is the empty value. */
  #oneOf(depth: number): void {
    const cursor = this.#cursor;
    if (!cursor.enterObject()) return;
    let found = false;
    let unknown = false;
    do {
      cursor.key();
      const field = ANY_FIELDS.find(cursor);
      if (found || field === 0 || cursor.kind() === JSON_KIND.null) {
        unknown ||= field === 0;
        cursor.skip();
        continue;
      }
      found = true;
      this.#typed(field, depth);
    } while (cursor.moreMembers());
    if (unknown && !found) this.#scalars.marks |= SPAN_MARK.mended;
  }

  #typed(field: number, depth: number): void {
    const kind = this.#cursor.kind();
    switch (field) {
      case ANY.stringValue:
        if (kind !== JSON_KIND.string) break;
        this.#scalars.string();
        this.#scalars.put(0x0a, this.#maxText);
        return;
      case ANY.boolValue:
        this.#bool(kind, depth);
        return;
      case ANY.intValue:
        if (kind === JSON_KIND.number || kind === JSON_KIND.string || kind === JSON_KIND.object) this.#int();
        else this.#bare(depth);
        return;
      case ANY.doubleValue:
        if (kind === JSON_KIND.number || kind === JSON_KIND.string) this.#double();
        else this.#bare(depth);
        return;
      case ANY.arrayValue:
        this.#list(0x2a, depth);
        return;
      case ANY.kvlistValue:
        this.#list(0x32, depth);
        return;
      default:
        this.#bytes(kind, depth);
        return;
    }
    if (kind === JSON_KIND.object || kind === JSON_KIND.array) this.#scalars.skipOdd();
    else this.#scalarAsText();
  }

  /** A number or a truth value where text is expected. */
  #scalarAsText(): void {
    const cursor = this.#cursor;
    cursor.kind();
    const from = cursor.at;
    cursor.skip();
    this.#scalars.marks |= SPAN_MARK.mended;
    this.#writer.range(0x0a, cursor.bytes, from, Math.min(cursor.at, from + this.#limits.maxValueBytes));
  }

  /** A value that stands without its type. */
  #bare(depth: number): void {
    const cursor = this.#cursor;
    this.#scalars.marks |= SPAN_MARK.mended;
    switch (cursor.kind()) {
      case JSON_KIND.string:
        this.#scalars.string();
        this.#scalars.put(0x0a, this.#maxText);
        return;
      case JSON_KIND.number:
        this.#int();
        return;
      case JSON_KIND.bool:
        this.#putBool(cursor.bool());
        return;
      case JSON_KIND.array: {
        const room = this.#room;
        const list = this.#beginList(0x2a);
        this.#items(false, depth - 1);
        this.#writer.close(list);
        this.#room = room;
        return;
      }
      default:
        cursor.skip();
    }
  }

  #bool(kind: number, depth: number): void {
    if (kind === JSON_KIND.bool) {
      this.#putBool(this.#cursor.bool());
      return;
    }
    if (kind !== JSON_KIND.string) {
      this.#bare(depth);
      return;
    }
    this.#scalars.marks |= SPAN_MARK.mended;
    this.#scalars.string();
    const text = this.#scalars.to - this.#scalars.from > 5 ? "" : this.#scalars.textValue().toLowerCase();
    if (text === "true" || text === "false") this.#putBool(text === "true");
    else this.#scalars.put(0x0a, this.#maxText);
  }

  #putBool(value: boolean): void {
    this.#writer.tag(0x10);
    this.#writer.varint(value ? 1 : 0);
  }

  /** An integer; a number that is no int64 becomes a double, and text that is no number stays text. */
  #int(): void {
    const scalars = this.#scalars;
    const text = this.#cursor.kind() === JSON_KIND.string;
    const found = scalars.whole();
    if (found === WHOLE.other) this.#putDouble(scalars.double);
    else if (found === WHOLE.integer) this.#putInt();
    else {
      scalars.marks |= SPAN_MARK.mended;
      if (text) scalars.put(0x0a, this.#maxText);
    }
  }

  #putInt(): void {
    const { low, high, negative } = this.#scalars;
    const fits = high < 0x8000_0000 || (negative && high === 0x8000_0000 && low === 0);
    if (!fits) {
      const magnitude = high * 0x1_0000_0000 + low;
      this.#putDouble(negative ? -magnitude : magnitude);
      return;
    }
    this.#writer.tag(0x18);
    if (!negative) this.#writer.varint64(low, high);
    else this.#writer.varint64(-low >>> 0, low === 0 ? -high >>> 0 : ~high >>> 0);
  }

  #putDouble(value: number): void {
    this.#writer.tag(0x21);
    this.#writer.double(value);
  }

  #double(): void {
    const cursor = this.#cursor;
    if (cursor.kind() === JSON_KIND.number) {
      cursor.number();
      const end = Math.min(cursor.end, cursor.start + 1_000);
      this.#putDouble(Number(utf8Text(cursor.bytes, cursor.start, end)));
      return;
    }
    this.#scalars.string();
    const text = this.#scalars.to - this.#scalars.from > 400 ? "" : this.#scalars.textValue();
    if (text === "NaN" || text === "Infinity" || text === "-Infinity") this.#putDouble(Number(text));
    else if (/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) this.#putDouble(Number(text));
    else {
      this.#scalars.marks |= SPAN_MARK.mended;
      this.#scalars.put(0x0a, this.#maxText);
    }
  }

  /** `{"values": […]}` of an array (0x2a) or a key-value list (0x32). A list that stands by itself is taken for it. */
  #list(tag: number, depth: number): void {
    const cursor = this.#cursor;
    const kind = cursor.kind();
    const pairs = tag === 0x32;
    if (kind !== JSON_KIND.object && kind !== JSON_KIND.array) {
      this.#scalars.skipOdd();
      return;
    }
    const room = this.#room;
    const list = this.#beginList(tag);
    if (kind === JSON_KIND.array) {
      this.#scalars.marks |= SPAN_MARK.mended;
      this.#items(pairs, depth - 1);
    } else if (cursor.enterObject()) {
      do {
        cursor.key();
        const field = LIST_FIELDS.find(cursor);
        const value = cursor.kind();
        if (field !== 0 && value === JSON_KIND.array) this.#items(pairs, depth - 1);
        else {
          if (field !== 0 && value !== JSON_KIND.null) this.#scalars.marks |= SPAN_MARK.mended;
          cursor.skip();
        }
      } while (cursor.moreMembers());
    }
    this.#writer.close(list);
    this.#room = room;
  }

  /**
   * The outermost list of an attribute sets how much all may hold; the ends of what lies around a list need room, too.
   */
  #beginList(tag: number): number {
    const list = this.#writer.open(tag);
    this.#room = Math.min(this.#room, this.#writer.length + this.#limits.maxValueBytes) - LIST_OVERHEAD;
    return list;
  }

  #items(pairs: boolean, depth: number): void {
    const cursor = this.#cursor;
    const writer = this.#writer;
    const begin = cursor.at;
    if (!cursor.enterArray()) return;
    let full = false;
    for (let read = 0; ; read++) {
      const before = writer.length;
      if (full) {
        cursor.skipItems(begin, read);
        return;
      }
      if (pairs) this.#keyValue(0x0a, depth);
      else this.#anyValue(0x0a, depth);
      if (writer.length > this.#room) {
        writer.rewind(before);
        this.#scalars.marks |= SPAN_MARK.mended;
        full = true;
      }
      if (!cursor.moreItems()) return;
    }
  }

  /** Base64, an index map `{"0": 1, "1": 255}`, an array of numbers, or what Node's Buffer becomes. */
  #bytes(kind: number, depth: number): void {
    const scalars = this.#scalars;
    if (kind === JSON_KIND.string) {
      scalars.string();
      const text = Buffer.from(scalars.text.buffer, scalars.text.byteOffset + scalars.from, scalars.to - scalars.from);
      const encoded = text.toString("latin1");
      if (BASE64.test(encoded)) this.#putBytes(Buffer.from(encoded, "base64"));
      else {
        scalars.marks |= SPAN_MARK.mended;
        scalars.put(0x0a, this.#maxText);
      }
      return;
    }
    if (kind !== JSON_KIND.object && kind !== JSON_KIND.array) {
      this.#bare(depth);
      return;
    }
    const bytes = kind === JSON_KIND.array ? this.#byteArray() : this.#byteMap();
    if (bytes === undefined) scalars.marks |= SPAN_MARK.mended;
    else this.#putBytes(bytes);
  }

  #putBytes(bytes: Uint8Array): void {
    if (bytes.length > this.#limits.maxValueBytes) this.#scalars.marks |= SPAN_MARK.mended;
    this.#writer.range(0x3a, bytes, 0, Math.min(bytes.length, this.#limits.maxValueBytes));
  }

  /** Undefined where some item is no byte. Items beyond the limit are dropped. */
  #byteArray(): Uint8Array | undefined {
    const cursor = this.#cursor;
    const bytes: number[] = [];
    let sound = true;
    if (cursor.enterArray()) {
      do {
        const byte = this.#byte();
        if (byte < 0) sound = false;
        else this.#keep(bytes, byte);
      } while (cursor.moreItems());
    }
    return sound ? Uint8Array.from(bytes) : undefined;
  }

  #byteMap(): Uint8Array | undefined {
    const cursor = this.#cursor;
    const bytes: number[] = [];
    let buffer: Uint8Array | undefined;
    let sound = true;
    if (cursor.enterObject()) {
      do {
        cursor.key();
        if (BUFFER_FIELDS.find(cursor) !== 0) {
          if (cursor.kind() === JSON_KIND.array) buffer = this.#byteArray();
          else cursor.skip();
          continue;
        }
        const inOrder = utf8Text(cursor.bytes, cursor.start, Math.min(cursor.end, cursor.start + 12));
        const expected = bytes.length < this.#limits.maxValueBytes ? String(bytes.length) : undefined;
        const byte = this.#byte();
        if (expected === undefined) this.#scalars.marks |= SPAN_MARK.mended;
        else if (byte < 0 || inOrder !== expected) sound = false;
        else bytes.push(byte);
      } while (cursor.moreMembers());
    }
    return buffer ?? (sound ? Uint8Array.from(bytes) : undefined);
  }

  #keep(bytes: number[], byte: number): void {
    if (bytes.length < this.#limits.maxValueBytes) bytes.push(byte);
    else this.#scalars.marks |= SPAN_MARK.mended;
  }

  /** The number at hand as a byte; -1 for anything else, which is passed. */
  #byte(): number {
    const cursor = this.#cursor;
    if (cursor.kind() !== JSON_KIND.number) {
      cursor.skip();
      return -1;
    }
    const { marks } = this.#scalars;
    const value = this.#scalars.u32();
    const sound = this.#scalars.marks === marks && value < 256;
    this.#scalars.marks = marks;
    return sound ? value : -1;
  }
}

/** By how much the lengths around a list may grow. */
const LIST_OVERHEAD = 12;
