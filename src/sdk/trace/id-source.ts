import { randomFillSync } from "node:crypto";

const POOL_BYTES = 4096;

/** Random trace and span ids. One call of the system's generator serves hundreds of them. */
export class IdSource {
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #at = POOL_BYTES;

  /** 16 random bytes as hex, never all zero. */
  traceId(): string {
    return this.#take(16);
  }

  /** 8 random bytes as hex, never all zero. */
  spanId(): string {
    return this.#take(8);
  }

  #take(length: number): string {
    for (;;) {
      if (this.#at + length > POOL_BYTES) {
        randomFillSync(this.#pool);
        this.#at = 0;
      }
      const start = this.#at;
      this.#at += length;
      const id = this.#pool.toString("hex", start, start + length);
      if (!/^0+$/.test(id)) return id;
    }
  }
}
