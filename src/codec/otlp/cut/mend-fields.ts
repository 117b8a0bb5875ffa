import { SPAN_MARK } from "../../../model/span.ts";
import { isUtf8, utf8Text } from "../../utf8.ts";
import type { SpanLimits } from "../message/span-limits.ts";
import type { LenientCursor } from "../wire/lenient-cursor.ts";
import type { WireWriter } from "../wire/wire-writer.ts";

/** By how much the lengths around a list may grow. */
const LIST_OVERHEAD = 12;

/**
 * Copies texts, attributes and values from a body to a writer. What is sound is copied byte for byte; what is not is
 * read as far as it can be, cut at its limits and written anew, and sets a bit in `marks`.
 */
export class FieldMender {
  /** Bits of SPAN_MARK for what was changed since the owner cleared them. */
  marks = 0;
  readonly #cursor: LenientCursor;
  readonly #writer: WireWriter;
  readonly #limits: SpanLimits;
  /** Where the list value that is being written may end. */
  #room = 0;
  #maxText: number;

  constructor(cursor: LenientCursor, writer: WireWriter, limits: SpanLimits) {
    this.#cursor = cursor;
    this.#writer = writer;
    this.#limits = limits;
    this.#maxText = limits.maxValueBytes;
  }

  /** Copies the field that the cursor has read. */
  copy(): void {
    const { bytes, from, end } = this.#cursor;
    this.#writer.rawRange(bytes, from, end);
  }

  /** Copies the text field that the cursor has read, cut between characters. */
  text(max: number): void {
    const { bytes, tag, start, end } = this.#cursor;
    if (end - start <= max && isUtf8(bytes, start, end)) this.copy();
    else this.#putText(tag, bytes, start, end, max);
  }

  #putText(tag: number, bytes: Uint8Array, start: number, end: number, max: number): void {
    this.marks |= SPAN_MARK.mended;
    // Ill-formed bytes may grow to three each: no more than can be used is looked at.
    const text = Buffer.from(utf8Text(bytes, start, Math.min(end, start + max + 4)), "utf8");
    let to = text.length;
    if (to > max) {
      to = max;
      while (to > 0 && ((text[to] as number) & 0xc0) === 0x80) to--;
    }
    this.#writer.range(tag, text, 0, to);
  }

  /** Copies the EntityRef field that the cursor has read; leaves it out unless it is sound: texts alone. */
  entityRef(): void {
    const cursor = this.#cursor;
    const { from, start, end } = cursor;
    let at = start;
    let sound = true;
    while (sound && cursor.next(at, end)) {
      at = cursor.end;
      const known = cursor.tag >>> 3 <= 4;
      sound = !known || ((cursor.tag & 7) === 2 && isUtf8(cursor.bytes, cursor.start, at));
    }
    if (sound && !cursor.broken) this.#writer.rawRange(cursor.bytes, from, end);
    else this.marks |= SPAN_MARK.mended;
  }

  /** Copies the bytes field that the cursor has read. */
  #blob(): void {
    const { bytes, tag, start, end } = this.#cursor;
    const { maxValueBytes } = this.#limits;
    if (end - start > maxValueBytes) this.marks |= SPAN_MARK.mended;
    this.#writer.range(tag, bytes, start, Math.min(end, start + maxValueBytes));
  }

  /** Copies the KeyValue field that the cursor has read. A resource's service is a name. */
  attribute(ofResource = false): void {
    const cursor = this.#cursor;
    const { tag, from, start, end } = cursor;
    const { maxValueBytes, maxNameBytes } = this.#limits;
    const named = ofResource && end - start > maxNameBytes && this.#isService(start, end);
    this.#maxText = named ? Math.min(maxNameBytes, maxValueBytes) : maxValueBytes;
    if (this.#soundPair(start, end, this.#limits.maxDepth)) {
      this.#writer.rawRange(cursor.bytes, from, end);
      return;
    }
    this.#room = Number.POSITIVE_INFINITY;
    this.#pair(tag, start, end, this.#limits.maxDepth);
  }

  #isService(start: number, end: number): boolean {
    const cursor = this.#cursor;
    if (!cursor.next(start, end) || cursor.tag !== 0x0a) return false;
    return utf8Text(cursor.bytes, cursor.start, Math.min(cursor.end, cursor.start + 16)) === "service.name";
  }

  /** KeyValue: key 1, value 2. */
  #soundPair(start: number, end: number, depth: number): boolean {
    const cursor = this.#cursor;
    let at = start;
    while (cursor.next(at, end)) {
      at = cursor.end;
      const { tag } = cursor;
      if (tag === 0x0a) {
        if (at - cursor.start > this.#limits.maxNameBytes || !isUtf8(cursor.bytes, cursor.start, at)) return false;
      } else if (tag === 0x12) {
        if (!this.#soundValue(cursor.start, at, depth)) return false;
      } else if (tag >>> 3 <= 2) return false;
    }
    return !cursor.broken;
  }

  /** AnyValue: string 1, bool 2, int 3, double 4, array 5, kvlist 6, bytes 7. */
  #soundValue(start: number, end: number, depth: number): boolean {
    const cursor = this.#cursor;
    const { maxValueBytes } = this.#limits;
    if (depth <= 0) return false;
    let at = start;
    while (cursor.next(at, end)) {
      at = cursor.end;
      const from = cursor.start;
      switch (cursor.tag) {
        case 0x0a:
          if (at - from > this.#maxText || !isUtf8(cursor.bytes, from, at)) return false;
          break;
        case 0x10:
        case 0x18:
        case 0x21:
          break;
        case 0x2a:
        case 0x32:
          if (at - from > maxValueBytes - LIST_OVERHEAD) return false;
          if (!this.#soundItems(from, at, depth - 1, cursor.tag === 0x32)) return false;
          break;
        case 0x3a:
          if (at - from > maxValueBytes) return false;
          break;
        default:
          if (cursor.tag >>> 3 <= 7) return false;
      }
    }
    return !cursor.broken;
  }

  #soundItems(start: number, end: number, depth: number, pairs: boolean): boolean {
    const cursor = this.#cursor;
    let at = start;
    while (cursor.next(at, end)) {
      at = cursor.end;
      const from = cursor.start;
      if (cursor.tag !== 0x0a) {
        if (cursor.tag >>> 3 === 1) return false;
      } else if (!(pairs ? this.#soundPair(from, at, depth) : this.#soundValue(from, at, depth))) return false;
    }
    return !cursor.broken;
  }

  #pair(tag: number, start: number, end: number, depth: number): void {
    const cursor = this.#cursor;
    const opened = this.#writer.open(tag);
    let at = start;
    while (cursor.next(at, end)) {
      at = cursor.end;
      if (cursor.tag === 0x0a) this.text(this.#limits.maxNameBytes);
      else if (cursor.tag === 0x12) this.#value(0x12, cursor.start, at, depth);
      else if (cursor.tag >>> 3 <= 2) this.marks |= SPAN_MARK.mended;
      else this.copy();
    }
    this.marks |= SPAN_MARK.mended;
    this.#writer.close(opened);
  }

  /** What is nested too deeply is left out. */
  #value(tag: number, start: number, end: number, depth: number): void {
    if (depth <= 0) return;
    const cursor = this.#cursor;
    const opened = this.#writer.open(tag);
    let at = start;
    while (cursor.next(at, end)) {
      at = cursor.end;
      switch (cursor.tag) {
        case 0x0a:
          this.text(this.#maxText);
          break;
        case 0x10:
        case 0x18:
        case 0x21:
          this.copy();
          break;
        case 0x2a:
        case 0x32:
          this.#list(cursor.tag, cursor.start, at, depth - 1);
          break;
        case 0x3a:
          this.#blob();
          break;
        default:
          if (cursor.tag >>> 3 > 7) this.copy();
      }
    }
    this.#writer.close(opened);
  }

  /**
   * The outermost list of an attribute sets how much all may hold; the ends of what lies around a list need room, too.
   */
  #list(tag: number, start: number, end: number, depth: number): void {
    const cursor = this.#cursor;
    const writer = this.#writer;
    const opened = writer.open(tag);
    const room = this.#room;
    this.#room = Math.min(room, writer.length + this.#limits.maxValueBytes) - LIST_OVERHEAD;
    let at = start;
    while (cursor.next(at, end)) {
      at = cursor.end;
      const before = writer.length;
      if (cursor.tag !== 0x0a) continue;
      if (tag === 0x32) this.#pair(0x0a, cursor.start, at, depth);
      else this.#value(0x0a, cursor.start, at, depth);
      if (writer.length <= this.#room) continue;
      writer.rewind(before);
      break;
    }
    this.#room = room;
    writer.close(opened);
  }
}
