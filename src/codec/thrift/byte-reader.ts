import { DecodeError } from "../decode-error.ts";
import { MAX_THRIFT_DEPTH } from "./protocol.ts";

/** Bounds, depth and size checks that both Thrift readers share. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at: number;
  #depth = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  get offset(): number {
    return this.#at;
  }

  /** Goes on at an offset that was found to be one. */
  set offset(at: number) {
    this.#at = at;
  }

  get depth(): number {
    return this.#depth;
  }

  get buffer(): Buffer {
    return this.#bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Moves over `count` bytes and gives the offset at which they begin. */
  take(count: number): number {
    if (count < 0 || count > this.left) {
      throw new DecodeError(`Thrift input needs ${count} more bytes, ${this.left} are left`, this.#at);
    }
    const start = this.#at;
    this.#at += count;
    return start;
  }

  byte(): number {
    const at = this.take(1);
    return this.#bytes[at] as number;
  }

  string(length: number): string {
    const start = this.take(length);
    return this.#bytes.toString("utf8", start, start + length);
  }

  copy(length: number): Uint8Array<ArrayBuffer> {
    const start = this.take(length);
    return new Uint8Array(this.#bytes.subarray(start, start + length));
  }

  enter(): void {
    if (++this.#depth > MAX_THRIFT_DEPTH) {
      throw new DecodeError(`Thrift input is nested deeper than ${MAX_THRIFT_DEPTH}`, this.#at);
    }
  }

  leave(): void {
    this.#depth--;
  }

  /** Refuses a container whose elements, at their smallest, need more bytes than there are. */
  checkSize(size: number, bytesPerElement: number): void {
    if (size < 0 || size * bytesPerElement > this.left) {
      throw new DecodeError(`Thrift container claims ${size} elements, ${this.left} bytes are left`, this.#at);
    }
  }
}
