/** Flushing takes at most this share of a thread's time. */
const SHARE = 1 / 50;
/** However long it takes, what is not flushed is never older by more than this, ms. */
const LONGEST_MS = 5_000;

/**
 * When what aggregates count is to be written again. Each time writes whatever changed since, which with many names is
 * much the same after one second or after five: where that takes long, it is done less often.
 */
export class FlushPace {
  #dueAtMs = Number.NEGATIVE_INFINITY;

  /** Times are those of a clock that only goes forward, ms. */
  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueAtMs;
  }

  /** It was flushed from `startMs` to `endMs`. */
  flushed(startMs: number, endMs: number): void {
    this.#dueAtMs = endMs + Math.min(LONGEST_MS, (endMs - startMs) / SHARE);
  }
}
