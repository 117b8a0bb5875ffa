import { type Transferable, Worker } from "node:worker_threads";
import type { Host } from "../../component/component.ts";
import { fromErrorRecord, type PermanentError, RetryableError } from "../../component/errors.ts";
import { stackOf } from "../../component/reasons.ts";
import { messageOf } from "../../model/message-of.ts";
import type { FromThread, ThreadData } from "./messages.ts";

export interface ThreadClientOptions<From> {
  /** For messages and metrics: `ingest`. */
  readonly name: string;
  /** Compiled JavaScript of the thread. */
  readonly entry: URL;
  readonly data: ThreadData;
  /** Takes the thread's log lines and reports of work. */
  readonly host: Pick<Host, "logger" | "reportWork">;
  /** Every message that is no answer, log line, report or part of the start. */
  readonly onMessage: (message: From) => void;
  /** A thread that had died is back. */
  readonly onRestart: () => void;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Half of Node's own choice: 20 to 50 MB less in memory under load, and no slower. */
const YOUNG_GENERATION_MB = 24;
const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 5_000;
const RETRY_AFTER_MS = 1_000;

/**
 * The main thread's end of a worker thread: numbered requests, notices, and a new worker when one dies. Requests that a
 * dead worker leaves, and those while none is up, are rejected with RetryableError `storage_unavailable`.
 */
export class ThreadClient<To, From extends { readonly type: string }> {
  readonly #options: ThreadClientOptions<From>;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #up = false;
  #ending = false;
  #lastId = 0;
  #restarts = 0;
  #failures = 0;
  #trouble: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ThreadClientOptions<From>) {
    this.#options = options;
  }

  /** Times the thread was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Why the thread cannot do its work as it should now, or is not there to do it. */
  get trouble(): string | undefined {
    if (this.#worker !== undefined && this.#up) return this.#trouble;
    return this.#ending ? undefined : `the ${this.#options.name} thread of the store is being started again`;
  }

  /** Resolves when the thread works; rejects with its reason, and then it is gone. */
  start(): Promise<void> {
    return new Promise<void>((resolve, reject) => this.#spawn(resolve, reject));
  }

  /** Sends a request and gives its answer. `build` makes the message from the id, which is also returned. */
  request<T>(build: (id: number) => To, transfer: readonly Transferable[] = []): { id: number; answer: Promise<T> } {
    const id = ++this.#lastId;
    const worker = this.#worker;
    if (!this.#up || worker === undefined) return { id, answer: Promise.reject(this.#unavailable("is not running")) };
    const answer = new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      try {
        worker.postMessage(build(id), transfer);
      } catch (error) {
        this.#pending.delete(id);
        reject(error);
      }
    });
    return { id, answer };
  }

  /** Sends a notice. False where it is lost, as the thread is down; then nothing was transferred. */
  send(message: To, transferred: readonly Transferable[] = []): boolean {
    if (!this.#up || this.#worker === undefined) return false;
    this.#worker.postMessage(message, transferred);
    return true;
  }

  /**
   * Sends the last request and ends the thread after its answer, or `graceMs` after the signal aborts, whatever it is
   * doing. `hurry` runs when the signal aborts.
   */
  async end(build: (id: number) => To, signal: AbortSignal, graceMs: number, hurry: () => void = () => {}) {
    this.#ending = true;
    clearTimeout(this.#timer);
    const worker = this.#worker;
    if (worker === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    let onAbort = () => {};
    const tooLate = new Promise<void>((resolve) => {
      onAbort = () => {
        hurry();
        timer = setTimeout(resolve, graceMs);
      };
    });
    const answer = this.request(build).answer.catch(() => {});
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    await Promise.race([answer, tooLate]);
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    this.#worker = undefined;
    this.#up = false;
    await worker.terminate();
    this.#rejectAll("has ended");
  }

  #spawn(onReady: () => void, onFailed: (error: RetryableError | PermanentError) => void): void {
    const { name, entry, data, host } = this.#options;
    const { logger } = host;
    // Threads inherit Node's flags, but must not be told to take them from a list: V8's (--max-old-space-size) are
    // refused there. Only a program given on the command line (--eval) has one that a thread with a file cannot have.
    const evaluated = process.execArgv.some((flag) => flag.startsWith("--input-type"));
    const worker = new Worker(entry, {
      workerData: data,
      name: `spanloom-${name}`,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      ...(evaluated ? { execArgv: [] } : {}),
    });
    this.#worker = worker;
    let reason: RetryableError | PermanentError | undefined;
    worker.on("message", (message: FromThread | From) => {
      switch (message.type) {
        case "ready":
          this.#up = true;
          this.#failures = 0;
          onReady();
          return;
        case "failed":
          reason = fromErrorRecord((message as FromThread & { type: "failed" }).error);
          void worker.terminate();
          return;
        default:
          this.#take(message);
      }
    });
    worker.on("error", (error) => {
      reason ??= this.#unavailable(`died: ${messageOf(error)}`);
      logger.error("a thread of the store died", {
        thread: name,
        reason: stackOf(error),
      });
    });
    worker.on("exit", (code) => {
      if (this.#worker !== worker) return;
      const wasUp = this.#up;
      this.#trouble = undefined;
      this.#up = false;
      this.#worker = undefined;
      this.#rejectAll("died");
      if (wasUp) this.#restartLater();
      else onFailed(reason ?? this.#unavailable(`ended with code ${code} before it was ready`));
    });
  }

  #restartLater(): void {
    if (this.#ending) return;
    const wait = Math.min(LONGEST_RESTART_MS, FIRST_RESTART_MS * 2 ** this.#failures);
    this.#failures++;
    this.#timer = setTimeout(() => {
      this.#spawn(
        () => {
          this.#restarts++;
          this.#options.host.logger.warn("a thread of the store runs again", { thread: this.#options.name });
          this.#options.onRestart();
        },
        (error) => {
          this.#options.host.logger.error("a thread of the store cannot be started again", {
            thread: this.#options.name,
            reason: error.message,
          });
          this.#restartLater();
        },
      );
    }, wait);
  }

  #take(message: FromThread | From): void {
    switch (message.type) {
      case "answer": {
        const { id, value } = message as FromThread & { type: "answer" };
        this.#settle(id)?.resolve(value);
        return;
      }
      case "refused": {
        const { id, error } = message as FromThread & { type: "refused" };
        this.#settle(id)?.reject(fromErrorRecord(error));
        return;
      }
      case "log": {
        const { level, message: text, fields } = message as FromThread & { type: "log" };
        this.#options.host.logger[level](text, fields);
        return;
      }
      case "trouble":
        this.#trouble = (message as FromThread & { type: "trouble" }).reason;
        return;
      case "work":
        this.#options.host.reportWork?.((message as FromThread & { type: "work" }).work);
        return;
      default:
        this.#options.onMessage(message as From);
    }
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #rejectAll(what: string): void {
    const left = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of left) reject(this.#unavailable(what));
  }

  #unavailable(what: string): RetryableError {
    return new RetryableError(
      "storage_unavailable",
      `the ${this.#options.name} thread of the store ${what}`,
      RETRY_AFTER_MS,
    );
  }
}
