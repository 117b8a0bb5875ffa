import type { Logger } from "../component/logger.ts";
import { messageOf } from "../model/message-of.ts";

/** Gives up waiting when the signal aborts. */
export type Stop = (signal: AbortSignal) => Promise<void>;

/** What is open of something that starts part by part, and the order in which the parts stop. */
export class StopList<Part extends string> {
  readonly #order: readonly Part[];
  readonly #logger: Logger;
  readonly #open = new Map<Part, Stop>();
  #stopped: Promise<void> | undefined;

  /** @param order every part once, what stops first in front */
  constructor(order: readonly Part[], logger: Logger) {
    this.#order = order;
    this.#logger = logger;
  }

  /** Whether `stop` was called. */
  get stopping(): boolean {
    return this.#stopped !== undefined;
  }

  /** A part that works from now on and is stopped by `stop`. */
  opened(part: Part, stop: Stop): void {
    this.#open.set(part, stop);
  }

  /**
   * Stops what was opened, one part after the other, whatever order they opened in. A part that fails is logged and
   * does not keep the others open. All share the time. Idempotent, never rejects.
   */
  stop(timeoutMs: number): Promise<void> {
    this.#stopped ??= this.#stopAll(timeoutMs);
    return this.#stopped;
  }

  async #stopAll(timeoutMs: number): Promise<void> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    for (const part of this.#order) {
      try {
        await this.#open.get(part)?.(abort.signal);
      } catch (error) {
        const reason = messageOf(error);
        // Each its own message: one that repeats is held back.
        this.#logger.error(`shutdown step failed: ${part}`, { error: reason });
      }
    }
    clearTimeout(timer);
  }
}
