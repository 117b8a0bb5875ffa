/**
 * Numbers in few bytes. A whole number up to ±2^51 is the varint of 4 |n| + 2 (n < 0) + 1, any other the byte 0 and its
 * eight float64 bytes, little-endian; a text its length in UTF-8 bytes and these.
 */
export class NumberWriter {
  #bytes = new Uint8Array(1024);
  #at = 0;

  number(value: number): void {
    this.#reserve(9);
    const size = Math.abs(value);
    if (!Number.isInteger(value) || size > MAX_WHOLE) {
      this.#bytes[this.#at++] = 0;
      new DataView(this.#bytes.buffer).setFloat64(this.#at, value, true);
      this.#at += 8;
      return;
    }
    let rest = size * 4 + (value < 0 ? 3 : 1);
    if (rest < 0x80) {
      this.#bytes[this.#at++] = rest;
      return;
    }
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at++] = rest;
  }

  text(value: string): void {
    const bytes = Buffer.from(value, "utf8");
    this.number(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** All that was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const larger = new Uint8Array((this.#at + length) * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

const MAX_WHOLE = 2 ** 51 - 1;

/** Reads what NumberWriter wrote; throws RangeError where the bytes end early. */
export class NumberReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  number(): number {
    let byte = this.#byte();
    if (byte === 0) return this.#float();
    if (byte < 0x80) return byte & 2 ? -(byte >> 2) : byte >> 2;
    let value = byte & 0x7f;
    for (let unit = 0x80; byte >= 0x80; unit *= 0x80) {
      byte = this.#byte();
      value += (byte & 0x7f) * unit;
    }
    const size = Math.floor(value / 4);
    return value % 4 >= 2 ? -size : size;
  }

  text(): string {
    const length = this.number();
    const end = this.#at + length;
    if (!(length >= 0 && end <= this.#bytes.length)) throw new RangeError("a text reaches beyond the end");
    const { buffer, byteOffset } = this.#bytes;
    const text = Buffer.from(buffer, byteOffset + this.#at, length).toString("utf8");
    this.#at = end;
    return text;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new RangeError("numbers end early");
    return byte;
  }

  #float(): number {
    const { buffer, byteOffset } = this.#bytes;
    if (this.#at + 8 > this.#bytes.length) throw new RangeError("numbers end early");
    const value = new DataView(buffer, byteOffset + this.#at, 8).getFloat64(0, true);
    this.#at += 8;
    return value;
  }
}
