import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../../component/errors.ts";
import type { FastLane } from "./fast-lane.ts";

/** Longest stretch of work without letting other requests in, ms. */
const SLICE_MS = 4;

/**
 * Keeps one long request polite: SQLite calls and column scans cannot be interrupted, so the work asks `due` between
 * its small steps and awaits `pause` when it is, which lets others in and throws `cancelled` once the signal is
 * aborted.
 */
export class Pacer {
  readonly #signal: AbortSignal;
  readonly #deadline: number;
  readonly #lane: FastLane | undefined;
  readonly #isLong: boolean;
  #sliceEnd: number;

  /** With a lane the request takes turns with others. One that has a budget is long, and lets short ones by. */
  constructor(signal: AbortSignal, lane?: FastLane, budgetMs?: number) {
    const now = performance.now();
    this.#signal = signal;
    this.#deadline = now + (budgetMs ?? Number.POSITIVE_INFINITY);
    this.#isLong = budgetMs !== undefined;
    this.#lane = lane;
    this.#sliceEnd = now + SLICE_MS;
    this.check();
  }

  due(): boolean {
    return performance.now() >= this.#sliceEnd;
  }

  async pause(): Promise<void> {
    await (this.#lane?.turn() ?? setImmediate());
    if (this.#isLong) await this.#lane?.passed();
    this.check();
    this.#sliceEnd = performance.now() + SLICE_MS;
  }

  /** True once the time budget is used up. */
  expired(): boolean {
    return performance.now() >= this.#deadline;
  }

  check(): void {
    throwIfAborted(this.#signal);
  }
}
