import type { Logger } from "../../component/logger.ts";
import type { Cursor } from "../../model/log.ts";
import { messageOf } from "../../model/message-of.ts";
import type { SealOutcome, SealTask } from "../log/seal-task.ts";

/** The parts of the store that sealing needs, in whichever threads they are. */
export interface SealingParts {
  /** What the stored cursors of all consumers have passed. */
  floor(): Promise<Cursor>;
  next(floor: Cursor, atOnce: boolean): Promise<SealTask | undefined>;
  seal(task: SealTask): Promise<SealOutcome>;
  finish(task: SealTask, outcome: SealOutcome): Promise<void>;
}

export interface SealingLoopOptions {
  readonly parts: SealingParts;
  readonly logger: Logger;
  /** How often segments that are due are looked for, ms. */
  readonly everyMs: number;
}

/** Seals what is due, one segment after the other, until it is stopped. */
export class SealingLoop {
  readonly #options: SealingLoopOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<number> | undefined;
  #stopped = false;

  constructor(options: SealingLoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#wait();
  }

  /**
   * Seals all that is due, or all that is closed, and that every consumer has passed when it begins; gives the number
   * of segments. What is closed while it works waits for the next run: where spans arrive faster than this thread may
   * seal them, a run that took those too would never end. Rejects where a part of the store is down; the loop itself
   * goes on.
   */
  async run(atOnce: boolean, onSealed: (segments: number) => void = () => {}): Promise<number> {
    while (this.#running !== undefined) await this.#running.catch(() => {});
    this.#running = this.#run(atOnce, onSealed).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Does something while nothing is being sealed. */
  async between<T>(work: () => Promise<T>): Promise<T> {
    while (this.#running !== undefined) await this.#running.catch(() => {});
    const working = work();
    this.#running = working.then(
      () => 0,
      () => 0,
    );
    try {
      return await working;
    } finally {
      this.#running = undefined;
    }
  }

  /** Begins nothing any more; resolves when the segment under way is done or given up by its thread. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running?.catch(() => {});
  }

  async #run(atOnce: boolean, onSealed: (segments: number) => void): Promise<number> {
    const { parts } = this.#options;
    let sealed = 0;
    const floor = await parts.floor();
    while (!this.#stopped) {
      const task = await parts.next(floor, atOnce);
      if (task === undefined) break;
      let outcome: SealOutcome;
      try {
        outcome = await parts.seal(task);
      } catch (error) {
        outcome = { type: "abandoned", reason: messageOf(error) };
      }
      if (this.#stopped && outcome.type === "abandoned") break;
      await parts.finish(task, outcome);
      if (outcome.type !== "abandoned") onSealed(++sealed);
    }
    return sealed;
  }

  #wait(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.run(false)
        .catch((error: unknown) => {
          if (this.#stopped) return;
          this.#options.logger.warn("sealing could not go on; it is tried again", {
            reason: messageOf(error),
          });
        })
        .finally(() => this.#wait());
    }, this.#options.everyMs).unref();
  }
}
