/** Some 30 bodies of 512 spans. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Buffers are whole multiples of this, so that one fits the next body of about the same size. */
const STEP_BYTES = 32 * 1024;

/**
 * Buffers of bodies that a cache let go of, for the bodies it takes in next. Left to the garbage collector they pile up
 * to the size of the cache once more, and make it mark the whole heap every second while spans come in.
 *
 * A buffer is used again only when nobody can be reading it: it has to be let go of while somebody holds the pool, and
 * all who held it then have to have released it. Whoever reads bodies of the cache does so between `hold` and its
 * release; buffers let go of while nobody holds the pool are the garbage collector's.
 */
export class BodyPool {
  readonly #free: ArrayBuffer[] = [];
  /** Let go of, but perhaps still read. */
  readonly #leaving: ArrayBuffer[] = [];
  #bytes = 0;
  #holds = 0;

  /** Until the result is called, nothing is overwritten that the cache holds now or will hold. */
  hold(): () => void {
    this.#holds++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (--this.#holds === 0) this.#free.push(...this.#leaving.splice(0));
    };
  }

  /** Memory for a body, not zeroed. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const most = roundUp(length) + STEP_BYTES;
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= length && byteLength <= most);
    if (at < 0) return new Uint8Array(new ArrayBuffer(roundUp(length)), 0, length);
    const buffer = this.#free[at] as ArrayBuffer;
    this.#free[at] = this.#free.at(-1) as ArrayBuffer;
    this.#free.pop();
    this.#bytes -= buffer.byteLength;
    return new Uint8Array(buffer, 0, length);
  }

  /** Takes the memory of a body that is not in the cache any more, where it has a buffer of its own. */
  letGo({ buffer, byteOffset, byteLength }: Uint8Array): void {
    if (this.#holds === 0 || !(buffer instanceof ArrayBuffer) || byteOffset !== 0) return;
    if (buffer.byteLength > byteLength + STEP_BYTES || this.#bytes + buffer.byteLength > MAX_BYTES) return;
    this.#leaving.push(buffer);
    this.#bytes += buffer.byteLength;
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / STEP_BYTES) * STEP_BYTES;
}
