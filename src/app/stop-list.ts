import type { Logger } from "../component/logger.ts";
import { messageOf } from "../model/message-of.ts";

/** Gives up waiting when the signal aborts. */
export type Stop = (signal: AbortSignal) => Promise<void>;

/** Share of the time after which every step but the last is hurried: the last one has something to finish. */
const HURRY_SHARE = 0.5;

/** What is open of something that starts part by part, and the order in which the parts stop. */
export class StopList<Part extends string> {
  readonly #steps: readonly (readonly Part[])[];
  readonly #logger: Logger;
  readonly #open = new Map<Part, Stop>();
  #stopped: Promise<void> | undefined;

  /** @param steps every part once, what stops first in front; the parts of one step stop side by side */
  constructor(steps: readonly (readonly Part[])[], logger: Logger) {
    this.#steps = steps;
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
   * Stops what was opened, step by step, whatever order it opened in. A part that fails is logged and does not keep the
   * others open. All share the time, of which the last step has half for itself. Idempotent, never rejects.
   */
  stop(timeoutMs: number): Promise<void> {
    this.#stopped ??= this.#stopAll(timeoutMs);
    return this.#stopped;
  }

  async #stopAll(timeoutMs: number): Promise<void> {
    const [hurry, abort] = [new AbortController(), new AbortController()];
    const timers = [
      setTimeout(() => hurry.abort(), timeoutMs * HURRY_SHARE),
      setTimeout(() => abort.abort(), timeoutMs),
    ];
    for (const step of this.#steps) {
      const { signal } = step === this.#steps.at(-1) ? abort : hurry;
      await Promise.all(step.map((part) => this.#stop(part, signal)));
    }
    for (const timer of timers) clearTimeout(timer);
  }

  async #stop(part: Part, signal: AbortSignal): Promise<void> {
    try {
      await this.#open.get(part)?.(signal);
    } catch (error) {
      const reason = messageOf(error);
      // Each its own message: one that repeats is held back.
      this.#logger.error(`shutdown step failed: ${part}`, { error: reason });
    }
  }
}
