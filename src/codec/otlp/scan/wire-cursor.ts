import { DecodeError } from "../../decode-error.ts";
import { isUtf8 } from "../../utf8.ts";
import { ByteReader } from "../wire/wire.ts";
import { SPAN_TROUBLE } from "./scan-result.ts";

/**
 * Varints, lengths and skips for the scanner: what fits in one or two bytes is done here, the rest by ByteReader with
 * the same errors. Positions are handed in and out, so that the scanner can keep them in locals.
 */
export class WireCursor {
  /** Where the last `tag`, `length` or `varint` ended. */
  at = 0;
  /** Upper half of the last `varint`. */
  high = 0;
  /** Bits of SPAN_TROUBLE that were found since the owner cleared them. */
  trouble = 0;
  #reader = new ByteReader(new Uint8Array(0));

  begin(body: Uint8Array): void {
    this.#reader = new ByteReader(body);
    this.trouble = 0;
  }

  /** The tag at `at`, which is before `end`. */
  tag(body: Uint8Array, at: number, end: number): number {
    const first = body[at] as number;
    if (first < 0x80) {
      this.at = at + 1;
      return first;
    }
    const second = body[at + 1] as number;
    if (second < 0x80 && at + 2 <= end) {
      this.at = at + 2;
      return (first & 0x7f) | (second << 7);
    }
    const reader = this.readerAt(at, end);
    const tag = reader.tag();
    this.at = reader.at;
    return tag;
  }

  /** The end of a length-delimited field whose length stands at `at`; its first byte is at `this.at`. */
  length(body: Uint8Array, at: number, end: number): number {
    const first = body[at] as number;
    if (first < 0x80 && at < end) {
      this.at = at + 1;
      if (at + 1 + first > end) throw lengthOverrun(at);
      return at + 1 + first;
    }
    const reader = this.readerAt(at, end);
    const length = reader.length();
    this.at = reader.at;
    return reader.at + length;
  }

  /** Lower 32 bits of a varint, unsigned; the upper are in `high`. */
  varint(body: Uint8Array, at: number, end: number): number {
    const first = body[at] as number;
    if (first < 0x80 && at < end) {
      this.at = at + 1;
      this.high = 0;
      return first;
    }
    const second = body[at + 1] as number;
    if (second < 0x80 && at + 2 <= end) {
      this.at = at + 2;
      this.high = 0;
      return (first & 0x7f) | (second << 7);
    }
    const reader = this.readerAt(at, end);
    const low = reader.varint();
    this.at = reader.at;
    this.high = reader.high;
    return low;
  }

  /** Where the field ends whose payload begins at `at`; refuses field numbers in `known`, see ByteReader.skip. */
  skip(tag: number, at: number, end: number, known: number): number {
    const reader = this.readerAt(at, end);
    reader.skip(tag, known);
    return reader.at;
  }

  checkText(body: Uint8Array, start: number, end: number): void {
    let bits = 0;
    for (let i = start; i < end; i++) bits |= body[i] as number;
    if (bits > 0x7f && !isUtf8(body, start, end)) this.trouble |= SPAN_TROUBLE.invalidUtf8;
  }

  /** The slow reader, set to [at, end). */
  readerAt(at: number, end: number): ByteReader {
    const reader = this.#reader;
    reader.at = at;
    reader.end = end;
    return reader;
  }
}

export function lengthOverrun(at: number): DecodeError {
  return new DecodeError("length is more than the bytes that are left", at);
}
