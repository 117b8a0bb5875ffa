import { SPAN_MARK } from "../../../model/span.ts";
import { JSON_KIND, type JsonCursor } from "../../json/json-cursor.ts";
import { FieldTable } from "../../json/json-fields.ts";
import { isUtf8, utf8Text } from "../../utf8.ts";
import type { WireWriter } from "../wire/wire-writer.ts";

const LOW = 1;
const HIGH = 2;
const LONG_BITS = new FieldTable({ low: LOW, high: HIGH });
const WORD = 0x1_0000_0000;

/** What `whole` found. */
export const WHOLE = {
  /** `null` */
  none: 0,
  /** `negative`, `low` and `high` hold it. */
  integer: 1,
  /** A number, but no integer of 64 bits; `double` holds it. */
  other: 2,
  /** No number at all. */
  odd: 3,
} as const;

/**
 * Reads single values of OTLP/JSON, whatever type they come in, and writes them as protobuf fields. What is not as the
 * standard has it becomes what it plainly means, or nothing, and sets a bit in `marks`. The value is always passed.
 */
export class JsonScalars {
  /** Bits of SPAN_MARK for what was changed since the owner cleared them. */
  marks = 0;
  /** The text of the last string: a range of `text`, escapes undone, well-formed. */
  text: Uint8Array;
  from = 0;
  to = 0;
  /** Of `whole`: magnitude and sign. */
  low = 0;
  high = 0;
  negative = false;
  double = 0;
  readonly #cursor: JsonCursor;
  readonly #writer: WireWriter;
  #scratch = new Uint8Array(256);

  constructor(cursor: JsonCursor, writer: WireWriter) {
    this.#cursor = cursor;
    this.#writer = writer;
    this.text = cursor.bytes;
  }

  /** Reads the string at hand. */
  string(): void {
    const cursor = this.#cursor;
    cursor.string();
    this.text = cursor.bytes;
    this.from = cursor.start;
    this.to = cursor.end;
    if (!cursor.plain) {
      if (this.#scratch.length < this.to - this.from) this.#scratch = new Uint8Array((this.to - this.from) * 2);
      this.text = this.#scratch;
      this.from = 0;
      this.to = cursor.unescape(this.#scratch);
    }
    if (cursor.ascii || isUtf8(this.text, this.from, this.to)) return;
    this.text = Buffer.from(utf8Text(this.text, this.from, this.to), "utf8");
    this.from = 0;
    this.to = this.text.length;
    this.marks |= SPAN_MARK.mended;
  }

  /** The text of the last string; for short ones. */
  textValue(): string {
    return utf8Text(this.text, this.from, this.to);
  }

  textIs(expected: Uint8Array): boolean {
    if (this.to - this.from !== expected.length) return false;
    for (let i = 0; i < expected.length; i++) if (this.text[this.from + i] !== expected[i]) return false;
    return true;
  }

  /** Writes a text field of at most `max` bytes; nothing for an empty or absent one. */
  putText(tag: number, max: number): void {
    const cursor = this.#cursor;
    switch (cursor.kind()) {
      case JSON_KIND.string:
        this.string();
        break;
      case JSON_KIND.number:
        cursor.number();
        this.#plain(cursor.start, cursor.end);
        break;
      case JSON_KIND.bool: {
        const start = cursor.at;
        cursor.bool();
        this.#plain(start, cursor.at);
        break;
      }
      case JSON_KIND.null:
        cursor.null();
        return;
      default:
        this.skipOdd();
        return;
    }
    if (this.to > this.from) this.put(tag, max);
  }

  /** Writes the text of the last string as a field, an empty one too, cut between characters. */
  put(tag: number, max: number): void {
    let end = this.to;
    if (end - this.from > max) {
      end = this.from + max;
      while (end > this.from && ((this.text[end] as number) & 0xc0) === 0x80) end--;
      this.marks |= SPAN_MARK.mended;
    }
    this.#writer.range(tag, this.text, this.from, end);
  }

  skipOdd(): void {
    this.#cursor.skip();
    this.marks |= SPAN_MARK.mended;
  }

  /** Reads an integer in any of its spellings: number, text, `{"low", "high"}`. Gives one of WHOLE. */
  whole(): number {
    const cursor = this.#cursor;
    switch (cursor.kind()) {
      case JSON_KIND.null:
        cursor.null();
        return WHOLE.none;
      case JSON_KIND.number:
        cursor.number();
        return this.#number(cursor.bytes, cursor.start, cursor.end, cursor.whole);
      case JSON_KIND.string:
        this.string();
        return this.#numberText();
      case JSON_KIND.object:
        return this.#longBits();
      default:
        cursor.skip();
        return WHOLE.odd;
    }
  }

  /** The text of the last string as a number. */
  #numberText(): number {
    const { text, from, to } = this;
    if (to - from > 64) return WHOLE.odd;
    const spelling = utf8Text(text, from, to);
    if (/^-?\d+$/.test(spelling)) return this.#number(text, from, to, true);
    if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(spelling)) return WHOLE.odd;
    this.double = Number(spelling);
    return WHOLE.other;
  }

  /** A count or flags: clamped to what 32 bits hold. */
  u32(): number {
    switch (this.whole()) {
      case WHOLE.none:
        return 0;
      case WHOLE.integer:
        if (this.negative && (this.low | this.high) !== 0) {
          this.marks |= SPAN_MARK.mended;
          return 0;
        }
        if (this.high === 0) return this.low;
        this.marks |= SPAN_MARK.mended;
        return WORD - 1;
      case WHOLE.other:
        this.marks |= SPAN_MARK.mended;
        return Math.min(Math.max(Math.trunc(this.double) || 0, 0), WORD - 1);
      default:
        this.marks |= SPAN_MARK.mended;
        return 0;
    }
  }

  /** Writes nanoseconds as a fixed64 field. False where the value is no such time; then nothing is written. */
  putTime(tag: number): boolean {
    const found = this.whole();
    if (found === WHOLE.none) return true;
    if (found === WHOLE.odd) return false;
    if (found === WHOLE.other) {
      if (!(this.double >= 0 && this.double < 2 ** 64)) return false;
      const floor = Math.floor(this.double);
      if (floor !== this.double) this.marks |= SPAN_MARK.mended;
      this.high = Math.floor(floor / WORD);
      this.low = floor - this.high * WORD;
    } else if (this.negative && (this.low | this.high) !== 0) return false;
    if ((this.low | this.high) === 0) return true;
    this.#writer.tag(tag);
    this.#writer.fixed32(this.low);
    this.#writer.fixed32(this.high);
    return true;
  }

  /**
   * An enum, as integer, as text of one, or by its name with or without `prefix`, in either case. What is none is 0 and
   * sets `mark`. An integer that the standard does not know stays.
   */
  enumeration(names: readonly string[], prefix: string, mark: number): number {
    const cursor = this.#cursor;
    if (cursor.kind() === JSON_KIND.string) {
      this.string();
      const name = this.to - this.from > 64 ? "" : this.textValue().toUpperCase();
      const index = names.indexOf(name.startsWith(prefix) ? name.slice(prefix.length) : name);
      if (index >= 0) return index;
      return this.#int32(this.#numberText(), mark);
    }
    return this.#int32(this.whole(), mark);
  }

  #int32(found: number, mark: number): number {
    if (found === WHOLE.none) return 0;
    if (found === WHOLE.integer && this.high === 0 && this.low < WORD / 2) return this.negative ? -this.low : this.low;
    this.marks |= mark;
    return 0;
  }

  #plain(from: number, to: number): void {
    this.text = this.#cursor.bytes;
    this.from = from;
    this.to = to;
    this.marks |= SPAN_MARK.mended;
  }

  #number(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
    this.negative = bytes[start] === 0x2d;
    let low = 0;
    let high = 0;
    if (whole && end - start <= 40) {
      for (let at = this.negative ? start + 1 : start; at < end && high < WORD; at++) {
        const next = low * 10 + (bytes[at] as number) - 0x30;
        low = next >>> 0;
        high = high * 10 + Math.floor(next / WORD);
      }
      if (high < WORD) {
        this.low = low;
        this.high = high;
        return WHOLE.integer;
      }
    }
    this.double = Number(utf8Text(bytes, start, Math.min(end, start + 400)));
    return WHOLE.other;
  }

  /** `{"low": 603127808, "high": 416766852}`, as Long of JavaScript is written; both are signed or not. */
  #longBits(): number {
    const cursor = this.#cursor;
    let low = 0;
    let high = 0;
    let seen = 0;
    if (cursor.enterObject()) {
      do {
        cursor.key();
        const field = LONG_BITS.find(cursor);
        if (field === 0 || cursor.kind() !== JSON_KIND.number) {
          cursor.skip();
          continue;
        }
        cursor.number();
        const value = Number(utf8Text(cursor.bytes, cursor.start, Math.min(cursor.end, cursor.start + 24)));
        if (!Number.isInteger(value) || value < -WORD / 2 || value >= WORD) continue;
        seen |= field;
        if (field === LOW) low = value >>> 0;
        else high = value;
      } while (cursor.moreMembers());
    }
    if (seen !== (LOW | HIGH)) return WHOLE.odd;
    this.negative = high < 0;
    this.low = this.negative ? -low >>> 0 : low;
    this.high = this.negative ? (low === 0 ? -high : ~high) >>> 0 : high;
    return WHOLE.integer;
  }
}
