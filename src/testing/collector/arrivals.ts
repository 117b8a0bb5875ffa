import { clearTimeout, setTimeout } from "node:timers";

/** Wakes whoever waits for spans, each time some were stored. */
export class Arrivals {
  readonly #waiting = new Set<() => void>();
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  /** Something was stored. */
  tell(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Ends all waits. */
  close(): void {
    this.#closed = true;
    this.tell();
  }

  /**
   * What `look` gives, once that is something: asked now and after everything that is stored from now on.
   * Gives undefined when the time is over, ms, or when this was closed; then no timer is left.
   */
  async until<T>(look: () => Promise<T | undefined>, timeoutMs: number): Promise<T | undefined> {
    let wake = () => {};
    let news = false;
    let over = false;
    const woken = () => {
      news = true;
      wake();
    };
    const timer = setTimeout(() => {
      over = true;
      wake();
    }, timeoutMs);
    this.#waiting.add(woken);
    try {
      for (;;) {
        if (this.#closed) return undefined;
        news = false;
        const found = await look();
        if (found !== undefined) return found;
        if (over) return undefined;
        // What came while it looked is looked at again.
        if (!news) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          if (over && !news) return undefined;
        }
      }
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(woken);
    }
  }
}
