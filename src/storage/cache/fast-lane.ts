/**
 * Lets short requests by: long ones wait at their next pause while a short one is under way. All go on one after the
 * other, each in a turn of the event loop of its own, so that what else the thread does waits for one of them at most.
 */
export class FastLane {
  readonly #pausing: (() => void)[] = [];
  #running = 0;
  #clear: Promise<void> | undefined;
  #open: (() => void) | undefined;

  /** Runs a short request. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      if (this.#running === 0) {
        this.#open?.();
        this.#clear = undefined;
        this.#open = undefined;
      }
    }
  }

  /** Resolves in a later turn of the event loop, which is nobody else's. */
  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#pausing.push(resolve);
      if (this.#pausing.length === 1) setImmediate(this.#next);
    });
  }

  readonly #next = (): void => {
    this.#pausing[0]?.();
    // Taken off last: who pauses again meanwhile finds that a turn is coming.
    this.#pausing.shift();
    if (this.#pausing.length > 0) setImmediate(this.#next);
  };

  /** Resolves when no short request is under way. */
  async passed(): Promise<void> {
    if (this.#running === 0) return;
    this.#clear ??= new Promise((resolve) => {
      this.#open = resolve;
    });
    await this.#clear;
  }
}
