const INITIAL_BYTES = 1024;

/** A buffer that grows by doubling; the ground of both Thrift writers. */
export class ByteWriter {
  #bytes = Buffer.alloc(INITIAL_BYTES);
  #length = 0;

  /** Makes room for `count` more bytes and gives the offset at which they begin in `buffer`. */
  take(count: number): number {
    const start = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(this.#length, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    return start;
  }

  /** Valid until the next `take`. */
  get buffer(): Buffer {
    return this.#bytes;
  }

  byte(value: number): void {
    const at = this.take(1);
    this.#bytes[at] = value;
  }

  append(bytes: Uint8Array): void {
    const at = this.take(bytes.length);
    this.#bytes.set(bytes, at);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#length) as Uint8Array<ArrayBuffer>;
  }
}
