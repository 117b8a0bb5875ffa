import { onAbort } from "../../component/signals.ts";

/** Most waiting readers; more are answered at once, so that none holds memory for ever. */
const MAX_WAITERS = 10_000;

/** Names remembered one by one; beyond it all of them count as changed. */
const MAX_NAMES = 50_000;

/**
 * Numbers changes, for everything and for each name, and lets readers wait for the next: what a blocking query needs.
 * Indexes begin at `start` and only grow. Starting above the indexes of an earlier process lets its readers notice.
 */
export class ChangeLog {
  #index: number;
  /** Of names that are not remembered. */
  #floor: number;
  readonly #ofName = new Map<string, number>();
  readonly #waiters = new Set<{ readonly name: string | undefined; readonly wake: () => void }>();

  /** @param start whole, at least 1 */
  constructor(start = 1) {
    this.#index = start;
    this.#floor = start;
  }

  /** The last change of a name, or of anything; a name that never changed has the index of the beginning. */
  index(name?: string): number {
    return name === undefined ? this.#index : (this.#ofName.get(name) ?? this.#floor);
  }

  changed(name: string): void {
    this.#index++;
    if (this.#ofName.size >= MAX_NAMES && !this.#ofName.has(name)) {
      this.#ofName.clear();
      this.#floor = this.#index;
      this.wakeAll();
    }
    this.#ofName.set(name, this.#index);
    for (const waiter of [...this.#waiters]) if (waiter.name === undefined || waiter.name === name) waiter.wake();
  }

  /**
   * Resolves when the index of `name` (undefined: of anything) is above `after`, when `waitMs` are over, or when the
   * signal aborts. An index from the future comes from a reader that knew an earlier process: it is answered at once.
   */
  wait(name: string | undefined, after: number, waitMs: number, signal: AbortSignal): Promise<void> {
    const settled = this.index(name) > after || after > this.#index;
    if (settled || signal.aborted || this.#waiters.size >= MAX_WAITERS) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        release();
        this.#waiters.delete(waiter);
        resolve();
      };
      const waiter = { name, wake };
      const timer = setTimeout(wake, Math.min(waitMs, 2 ** 31 - 1));
      const release = onAbort(signal, wake);
      this.#waiters.add(waiter);
    });
  }

  /** Wakes every reader: the registry closes. */
  wakeAll(): void {
    for (const waiter of [...this.#waiters]) waiter.wake();
  }
}
