import { setImmediate as nextTurn } from "node:timers/promises";
import type { Logger } from "../component/logger.ts";
import type { LogBatch } from "../model/log.ts";
import type { SqlDatabase } from "./driver.ts";
import type { LogPosition, LogReader } from "./log-reader.ts";

/** State that is computed from the log in order, and kept in the file and transaction of the cursor that produced it. */
export interface LogState {
  /** Reads what was flushed. */
  load(db: SqlDatabase): void;
  consume(batch: LogBatch): void;
  /** Writes what changed; runs inside the transaction that stores the cursor. */
  flush(db: SqlDatabase): void;
}

export interface AggregateOptions {
  /** Name of its cursor. */
  readonly name: string;
  /** A fresh state, not loaded. */
  readonly create: () => LogState;
  readonly db: SqlDatabase;
  readonly position: LogPosition;
  readonly reader: LogReader;
  readonly logger: Logger;
}

/** Runs a LogState along the log, one batch a turn of the event loop. */
export class Aggregate {
  readonly name: string;
  readonly #options: AggregateOptions;
  #state: LogState;
  #position: LogPosition;
  #stored: LogPosition;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(options: AggregateOptions) {
    this.name = options.name;
    this.#options = options;
    this.#position = options.position;
    this.#stored = options.position;
    this.#state = this.#fresh();
  }

  /** What `flush` would store the cursor as. */
  get position(): LogPosition {
    return this.#position;
  }

  get dirty(): boolean {
    return this.#position !== this.#stored;
  }

  /** To be called when the log has grown. */
  wake(): void {
    if (this.#stopped) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  flush(db: SqlDatabase): void {
    this.#state.flush(db);
  }

  /** After the transaction of `flush`: what it holds is what is stored, or the stored state is read again. */
  flushed(committed: boolean): void {
    if (committed) {
      this.#stored = this.#position;
      return;
    }
    this.#state = this.#fresh();
    this.#position = this.#stored;
  }

  /** Ends after the batch under way. With `drain` the rest of the log is read first, unless the signal aborts. */
  async shutdown(drain: boolean, signal: AbortSignal): Promise<void> {
    if (drain) this.wake();
    else this.#stopped = true;
    const stop = () => {
      this.#stopped = true;
    };
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    await this.#running;
    signal.removeEventListener("abort", stop);
    this.#stopped = true;
  }

  #fresh(): LogState {
    const state = this.#options.create();
    state.load(this.#options.db);
    return state;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stopped) {
        const entry = this.#options.reader.next(this.#position);
        if (entry === undefined) return;
        this.#state.consume(entry.batch);
        this.#position = entry.position;
        await nextTurn();
      }
    } catch (error) {
      this.#options.logger.error("an aggregate could not read the log", {
        aggregate: this.name,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }
}
