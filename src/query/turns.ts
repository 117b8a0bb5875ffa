import { cancelled, RetryableError } from "../component/errors.ts";

/** What a refused caller is asked to wait, ms. */
const RETRY_AFTER_MS = 1_000;

export interface TurnsSettings {
  /** What waits or is refused: `searches`. */
  readonly what: string;
  /** At once. */
  readonly running: number;
  /** More than wait are refused. */
  readonly waiting: number;
}

/** Lets so many be under way at once. Others wait in the order in which they came. */
export class Turns {
  readonly #settings: TurnsSettings;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(settings: TurnsSettings) {
    this.#settings = settings;
  }

  /**
   * Runs `work` when it is its turn.
   * @throws RetryableError `overloaded` where too many wait, PermanentError `cancelled` for who leaves before
   */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    const { what, running, waiting } = this.#settings;
    if (this.#running < running) {
      this.#running++;
      return;
    }
    if (this.#waiting.length >= waiting) {
      const text = `${this.#running} ${what} are under way and ${this.#waiting.length} wait; try again later`;
      throw new RetryableError("overloaded", text, RETRY_AFTER_MS);
    }
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(cancelled());
      };
      const enter = (): void => {
        signal.removeEventListener("abort", leave);
        this.#running++;
        resolve();
      };
      this.#waiting.push(enter);
      if (signal.aborted) leave();
      else signal.addEventListener("abort", leave, { once: true });
    });
  }
}
