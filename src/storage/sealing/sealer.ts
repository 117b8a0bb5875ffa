import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { SealOutcome, SealTask } from "../log/seal-task.ts";
import type { SegmentSource } from "../log/segment-source.ts";
import type { SqlDriver } from "../sqlite/driver.ts";
import { sealSegment } from "./seal-segment.ts";
import type { SealingStep } from "./sealed-file.ts";

export interface SealerOptions {
  readonly driver: SqlDriver;
  /** Data folder. */
  readonly folder: string;
  readonly source: SegmentSource;
  /**
   * Part of the time that is spent working, from above 0 to 1; the rest is slept. 1 where the operating system already
   * gives this thread only what nobody else wants.
   */
  readonly share: number;
  readonly onStep?: (step: SealingStep) => void;
}

/** Does the work of sealing in whichever thread it runs, a row at a time. */
export class Sealer {
  readonly #options: SealerOptions;
  #stopped = false;
  #running: Promise<SealOutcome> | undefined;

  constructor(options: SealerOptions) {
    this.#options = options;
  }

  /** One task at a time. Rejects with SqlError and errors of the file system; then nothing is left behind. */
  async seal(task: SealTask): Promise<SealOutcome> {
    await this.#running?.catch(() => {});
    this.#running = this.#seal(task);
    return this.#running;
  }

  /** Gives up what is under way; resolves when it holds nothing any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running?.catch(() => {});
  }

  async #seal(task: SealTask): Promise<SealOutcome> {
    const { share, onStep, ...options } = this.#options;
    let since = performance.now();
    const pause = async () => {
      const worked = performance.now() - since;
      await (share < 1 ? sleep((worked * (1 - share)) / share) : nextTurn());
      if (this.#stopped) throw new Stopped();
      since = performance.now();
    };
    try {
      return await sealSegment({ ...options, task, pause, ...(onStep === undefined ? {} : { onStep }) });
    } catch (error) {
      if (error instanceof Stopped) return { type: "abandoned", reason: "the store was closed" };
      throw error;
    }
  }
}

class Stopped extends Error {}
