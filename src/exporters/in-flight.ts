import { onAbort } from "../component/signals.ts";
/** Counts exports under way, so that a shutdown can wait for them. */
export class InFlight {
  readonly #running = new Set<Promise<unknown>>();

  async run<T>(work: () => Promise<T>): Promise<T> {
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Resolves when nothing is under way, or when the signal aborts. */
  async idle(signal: AbortSignal): Promise<void> {
    if (this.#running.size === 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        release();
        resolve();
      };
      const release = onAbort(signal, done);
      Promise.allSettled(this.#running).then(done);
    });
  }
}
