/** Lets short requests by: long ones wait at their next pause while a short one is under way. */
export class FastLane {
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

  /** Resolves when no short request is under way. */
  async passed(): Promise<void> {
    if (this.#running === 0) return;
    this.#clear ??= new Promise((resolve) => {
      this.#open = resolve;
    });
    await this.#clear;
  }
}
