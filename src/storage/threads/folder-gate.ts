const CLOSED = 0;
const OPEN = 1;

/**
 * Keeps the readers of a data folder waiting until its writer has the lock and has made the files, in memory that the
 * threads share: they load beside the writer, and open the files as soon as they may.
 */
export class FolderGate {
  readonly #state: Int32Array;

  /** The memory for one store. */
  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#state = new Int32Array(memory);
  }

  /** For good: a reader that is started again does not wait. */
  open(): void {
    Atomics.store(this.#state, 0, OPEN);
    Atomics.notify(this.#state, 0);
  }

  /** Blocks the calling thread, which has nothing else to do yet; it can be terminated meanwhile. */
  wait(): void {
    Atomics.wait(this.#state, 0, CLOSED);
  }
}
