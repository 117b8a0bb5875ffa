/** Bytes that grow: what the parts of a sealed row are written with. */
export class ByteSink {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(size = 1024) {
    this.#bytes = new Uint8Array(size);
  }

  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  /** An integer from 0 to 2^53 − 1 in groups of seven bits, lowest first. */
  varint(value: number): void {
    this.#room(8);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  u32(value: number): void {
    this.#room(4);
    for (let shift = 0; shift < 32; shift += 8) this.#bytes[this.#length++] = (value >>> shift) & 0xff;
  }

  range(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const size = end - start;
    this.#room(size);
    if (size < 48) {
      const to = this.#bytes;
      let at = this.#length;
      for (let i = start; i < end; i++) to[at++] = bytes[i] as number;
    } else this.#bytes.set(bytes.subarray(start, end), this.#length);
    this.#length += size;
  }

  /** Length and bytes. */
  blob(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.range(bytes);
  }

  #room(size: number): void {
    if (this.#length + size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + size));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Reads what a ByteSink wrote. Throws RangeError where the bytes end too early. */
export class ByteSource {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw cut(this.at);
    return this.bytes[this.at++] as number;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      if (factor > 2 ** 49) throw new RangeError(`number beyond 2^53 at byte ${this.at}`);
    }
  }

  u32(): number {
    const bytes = this.take(4);
    return (
      ((bytes[0] as number) |
        ((bytes[1] as number) << 8) |
        ((bytes[2] as number) << 16) |
        ((bytes[3] as number) << 24)) >>>
      0
    );
  }

  /** A view of the next `length` bytes. */
  take(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.bytes.length) throw cut(this.bytes.length);
    const taken = this.bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  blob(): Uint8Array {
    return this.take(this.varint());
  }
}

function cut(at: number): RangeError {
  return new RangeError(`a part of a sealed row is cut off at byte ${at}`);
}
