import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../../component/logger.ts";
import type { Metrics } from "../../component/metrics.ts";
import { messageOf } from "../../model/message-of.ts";
import type { LogHead, LogReader } from "../log/log-reader.ts";
import type { LogPosition } from "../log/segment-source.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import type { LogAges } from "./received-hours.ts";

/**
 * State that is computed from the log in order, and kept in the file and transaction of the cursor that produced it.
 */
export interface LogState {
  /** Makes its tables and reads what was flushed. */
  load(db: SqlDatabase): void;
  /** Takes again what was consumed before a restart, only to know what came before. */
  remember(row: LogHead): void;
  consume(row: LogHead): void;
  /** Writes what changed; runs inside the transaction that stores the cursor. */
  flush(db: SqlDatabase): void;
  /** The transaction of the last flush was rolled back; called before the next batch. */
  undoFlush(): void;
}

export interface AggregateKind {
  /** Spans before the cursor that a restarted state wants to remember. */
  readonly rememberSpans: number;
  readonly create: (metrics: Metrics) => LogState;
  /** Removes stored state of which nothing is left in the log. */
  readonly expire: (db: SqlDatabase, ages: LogAges) => void;
  /**
   * Removes the oldest part of what is stored, because all together takes too much; false where nothing is left to
   * remove.
   */
  readonly shrink?: (db: SqlDatabase) => boolean;
}

/** By the names of their cursors. */
export type AggregateTable = Readonly<Record<string, AggregateKind>>;

export interface AggregateOptions {
  readonly name: string;
  readonly kind: AggregateKind;
  readonly db: SqlDatabase;
  readonly position: LogPosition;
  readonly reader: LogReader;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The log grows by a row or more a commit, and reading several at once is cheaper: how long they gather, ms. */
const GATHER_MS = 100;

/**
 * Rows of at least so many spans make a turn of the event loop: of small rows many, as a turn costs as much as one of
 * them does.
 */
const TURN_SPANS = 512;

/** Runs a LogState along the log, a few rows a turn of the event loop. */
export class AggregateRunner {
  readonly name: string;
  readonly #options: AggregateOptions;
  readonly #state: LogState;
  #position: LogPosition;
  #stored: LogPosition;
  readonly #hurry = new AbortController();
  #running: Promise<void> | undefined;
  #remembered = false;
  #stopped = false;

  constructor(options: AggregateOptions) {
    this.name = options.name;
    this.#options = options;
    this.#position = options.position;
    this.#stored = options.position;
    this.#state = options.kind.create(options.metrics);
    this.#state.load(options.db);
  }

  /** What `flush` would store the cursor as. */
  get position(): LogPosition {
    return this.#position;
  }

  /** Where the stored cursor is. */
  get stored(): LogPosition {
    return this.#stored;
  }

  get dirty(): boolean {
    return this.#position !== this.#stored;
  }

  /** To be called when the log has grown. */
  wake(): void {
    if (this.#stopped) return;
    this.#running ??= this.#run();
  }

  flush(db: SqlDatabase): void {
    this.#state.flush(db);
  }

  /** After the transaction of `flush`, whether it was committed or not. */
  flushed(committed: boolean): void {
    if (committed) this.#stored = this.#position;
    else this.#state.undoFlush();
  }

  /** Removes what the state has stored of which nothing is left in the log. */
  expire(db: SqlDatabase, ages: LogAges): void {
    this.#options.kind.expire(db, ages);
  }

  /** Removes the oldest part of what the state has stored; false where there is none. */
  shrink(db: SqlDatabase): boolean {
    return this.#options.kind.shrink?.(db) ?? false;
  }

  /** Ends after the batch under way. With `drain` the rest of the log is read first, unless the signal aborts. */
  async shutdown(drain: boolean, signal: AbortSignal): Promise<void> {
    if (drain) this.wake();
    else this.#stopped = true;
    this.#hurry.abort();
    const stop = () => {
      this.#stopped = true;
    };
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    await this.#running;
    signal.removeEventListener("abort", stop);
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    await sleep(GATHER_MS, undefined, { signal: this.#hurry.signal, ref: false }).catch(() => {});
    try {
      if (!this.#remembered) await this.#remember();
      for (let spans = 0; !this.#stopped; ) {
        const row = this.#options.reader.takeHead(this.#position);
        if (row === undefined) break;
        this.#state.consume(row);
        this.#position = row.position;
        spans += row.spans;
        if (spans < TURN_SPANS) continue;
        spans = 0;
        await nextTurn();
      }
    } catch (error) {
      this.#options.logger.error("an aggregate could not read the log", {
        aggregate: this.name,
        reason: messageOf(error),
      });
    }
    // In the same turn as the last look at the log.
    this.#running = undefined;
  }

  async #remember(): Promise<void> {
    const { reader, kind } = this.#options;
    let at = reader.back(this.#position, kind.rememberSpans);
    while (!this.#stopped) {
      const row = reader.next(at);
      if (row === undefined || row.position.sequence > this.#position.sequence) break;
      this.#state.remember(row);
      reader.drop(row);
      at = row.position;
      await nextTurn();
    }
    this.#remembered = true;
  }
}
