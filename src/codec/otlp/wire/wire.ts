import { DecodeError } from "../../decode-error.ts";
import { isUtf8, utf8Text } from "../../utf8.ts";

/** Protobuf wire types (protobuf.dev, encoding). 3 and 4, groups, are refused: no OTLP message has ever had one. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Nested AnyValue messages beyond this depth are refused, so that no body can exhaust the stack. */
export const MAX_VALUE_DEPTH = 64;

/** A set of field numbers 1 to 30, as bits: what a message knows. */
export function fieldSet(...numbers: number[]): number {
  return numbers.reduce((set, n) => set | (1 << n), 0);
}

/**
 * Cursor over protobuf bytes for the slow paths. `at` moves inside [at, end); `end` is that of the message being read.
 * Every method throws DecodeError where the bytes are no protobuf.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
  /** Upper half of the last `varint`. */
  high = 0;
  /** Set when a string that was read is not UTF-8; it is read with U+FFFD in place of the ill-formed parts. */
  invalidUtf8 = false;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** The next tag: field number times 8 plus wire type. */
  tag(): number {
    const start = this.at;
    const low = this.varint();
    if (this.at - start > 5 || this.high !== 0) throw new DecodeError("field tag beyond 32 bits", start);
    return low;
  }

  /** Lower 32 bits of a varint, unsigned; the upper are in `high`. Bits beyond 64 are dropped, as protobuf asks. */
  varint(): number {
    const start = this.at;
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      if (this.at >= this.end) throw new DecodeError("varint is cut off", start);
      const byte = this.bytes[this.at++] as number;
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (i < 9) high |= bits << (7 * i - 32);
      else high |= bits << 31;
      if (byte < 0x80) {
        this.high = high >>> 0;
        return low >>> 0;
      }
    }
    throw new DecodeError("varint longer than 10 bytes", start);
  }

  int64(): bigint {
    const low = this.varint();
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(low));
  }

  bool(): boolean {
    return this.varint() !== 0 || this.high !== 0;
  }

  fixed32(): number {
    const at = this.#take(4);
    const b = this.bytes;
    return (
      ((b[at] as number) |
        ((b[at + 1] as number) << 8) |
        ((b[at + 2] as number) << 16) |
        ((b[at + 3] as number) << 24)) >>>
      0
    );
  }

  fixed64(): bigint {
    if (this.end - this.at < 8) throw new DecodeError("64-bit field is cut off", this.at);
    const low = this.fixed32();
    return (BigInt(this.fixed32()) << 32n) | BigInt(low);
  }

  double(): number {
    const at = this.#take(8);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset).getFloat64(at, true);
  }

  /** Reads a length and checks that so many bytes are left. */
  length(): number {
    const start = this.at;
    const low = this.varint();
    if (this.at - start > 5 || this.high !== 0) throw new DecodeError("length beyond 32 bits", start);
    if (low > this.end - this.at) {
      throw new DecodeError(`length ${low} is more than the ${this.end - this.at} bytes that are left`, start);
    }
    return low;
  }

  text(): string {
    const length = this.length();
    const start = this.at;
    this.at += length;
    if (!this.invalidUtf8 && !isUtf8(this.bytes, start, this.at)) this.invalidUtf8 = true;
    return utf8Text(this.bytes, start, this.at);
  }

  /** A copy of the bytes of a length-delimited field. */
  blob(): Uint8Array {
    const length = this.length();
    this.at += length;
    return new Uint8Array(this.bytes.subarray(this.at - length, this.at));
  }

  /** Enters a sub-message; returns the end to give to `leave`. */
  enter(): number {
    const length = this.length();
    const outer = this.end;
    this.end = this.at + length;
    return outer;
  }

  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }

  /** Steps over a field nobody asked for. A field number in `known` got here for its wire type and is refused. */
  skip(tag: number, known: number): void {
    refuseField(tag, this.at, known);
    switch (tag & 7) {
      case WIRE.varint:
        this.varint();
        return;
      case WIRE.fixed64:
        this.#take(8);
        return;
      case WIRE.bytes:
        this.#take(this.length());
        return;
      case WIRE.fixed32:
        this.#take(4);
        return;
      default:
        throw new DecodeError(`field ${tag >>> 3} has wire type ${tag & 7}, which OTLP does not use`, this.at);
    }
  }

  #take(size: number): number {
    const at = this.at;
    if (this.end - at < size) throw new DecodeError(`${size * 8}-bit field is cut off`, at);
    this.at = at + size;
    return at;
  }
}

/** Throws where a tag nobody handled has field number 0 or one in `known`, which then has the wrong wire type. */
export function refuseField(tag: number, at: number, known: number): void {
  const field = tag >>> 3;
  if (field === 0) throw new DecodeError("field number 0", at);
  if (field < 31 && (known & (1 << field)) !== 0) {
    throw new DecodeError(`field ${field} has the wrong wire type ${tag & 7}`, at);
  }
}
