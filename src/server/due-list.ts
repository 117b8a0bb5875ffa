/** Something that has to be over at a time. */
export interface Due {
  /** On the clock of `performance.now()`; set by the list. */
  dueAtMs: number;
  /** Called when it is still in the list at that time, after it was taken out. */
  onDue(): void;
}

/**
 * Things that each may take equally long, so that they fall due in the order they were added: one timer for all, where
 * nearly all leave long before. Does not keep the process alive.
 */
export class DueList {
  readonly #afterMs: number;
  /** Oldest first. */
  readonly #items = new Set<Due>();
  #timer: NodeJS.Timeout | undefined;

  constructor(afterMs: number) {
    this.#afterMs = afterMs;
  }

  add(item: Due): void {
    item.dueAtMs = performance.now() + this.#afterMs;
    this.#items.add(item);
    this.#timer ??= setTimeout(this.#onTimer, this.#afterMs).unref();
  }

  delete(item: Due): void {
    this.#items.delete(item);
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (const item of this.#items) {
      if (item.dueAtMs > now) {
        this.#timer ??= setTimeout(this.#onTimer, Math.ceil(item.dueAtMs - now)).unref();
        return;
      }
      this.#items.delete(item);
      item.onDue();
    }
  };
}
