/** Something that has to be over at a time. */
export interface Due {
  /** On the clock of `performance.now()`; set by the list. */
  dueAtMs: number;
  /** Its neighbours in the list, older and younger; set by the list. */
  before: Due | undefined;
  after: Due | undefined;
  /** Called when it is still in the list at that time, after it was taken out. */
  onDue(): void;
}

/**
 * Things that each may take equally long, so that they fall due in the order they were added: one timer for all, where
 * nearly all leave long before. Does not keep the process alive.
 *
 * They are linked through their own fields. A Set that lives long keeps what has left it until V8's next full
 * collection: each table that it has outgrown, with all that was in it, hangs on the one before.
 */
export class DueList {
  readonly #afterMs: number;
  #oldest: Due | undefined;
  #youngest: Due | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(afterMs: number) {
    this.#afterMs = afterMs;
  }

  /** @param item in no list */
  add(item: Due): void {
    item.dueAtMs = performance.now() + this.#afterMs;
    item.before = this.#youngest;
    if (this.#youngest === undefined) this.#oldest = item;
    else this.#youngest.after = item;
    this.#youngest = item;
    this.#timer ??= setTimeout(this.#onTimer, this.#afterMs).unref();
  }

  /** Nothing when it has left already. */
  delete(item: Due): void {
    const { before, after } = item;
    if (before === undefined && this.#oldest !== item) return;
    if (before === undefined) this.#oldest = after;
    else before.after = after;
    if (after === undefined) this.#youngest = before;
    else after.before = before;
    item.before = undefined;
    item.after = undefined;
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (let item = this.#oldest; item !== undefined; item = this.#oldest) {
      if (item.dueAtMs > now) {
        this.#timer ??= setTimeout(this.#onTimer, Math.ceil(item.dueAtMs - now)).unref();
        return;
      }
      this.delete(item);
      item.onDue();
    }
  };
}
