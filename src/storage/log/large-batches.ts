import { setImmediate as nextTurn } from "node:timers/promises";
import { PermanentError, RetryableError, toErrorRecord } from "../../component/errors.ts";
import type { AppendResult, IncomingBatch, IngestPipeline, PreparedBatch } from "../../component/ingest.ts";
import type { Logger } from "../../component/logger.ts";
import type { AppendOutcome } from "./ingest-core.ts";

/** Further ones are refused: each may take seconds. */
const MAX_WAITING = 512;
/** What a refused sender is asked to wait, ms. */
const RETRY_AFTER_MS = 2_000;

interface Waiting {
  readonly batch: IncomingBatch;
  readonly pipeline: IngestPipeline;
  readonly resolve: (outcome: AppendOutcome) => void;
}

/**
 * Batches that are too large to be prepared at once, one after the other and piece by piece: between two pieces the
 * thread does what else there is to do. Each piece is committed by itself, so that a batch that fails in its middle
 * leaves the pieces before; its sender is told to send it again, and readers take a span that is stored twice for one.
 */
export class LargeBatches {
  readonly #store: (piece: PreparedBatch, batch: IncomingBatch) => void;
  readonly #logger: Logger;
  readonly #waiting: Waiting[] = [];
  readonly #outcomes = new Map<number, Promise<AppendOutcome>>();
  #lastKey = 0;
  #running = false;
  #closed = false;

  /** @param store commits a piece; throws RetryableError when it cannot */
  constructor(store: (piece: PreparedBatch, batch: IncomingBatch) => void, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /**
   * Takes a batch; `outcome` of the key that it gives tells what became of it.
   * @throws RetryableError `overloaded` when too many wait
   */
  take(batch: IncomingBatch, pipeline: IngestPipeline): number {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new RetryableError(
        "overloaded",
        `${MAX_WAITING} large requests are waiting; try again later`,
        RETRY_AFTER_MS,
      );
    }
    const key = ++this.#lastKey;
    this.#outcomes.set(key, new Promise((resolve) => this.#waiting.push({ batch, pipeline, resolve })));
    if (!this.#running) void this.#run();
    return key;
  }

  /** What became of a batch, once; never rejects. */
  outcome(key: number): Promise<AppendOutcome> {
    const outcome = this.#outcomes.get(key);
    this.#outcomes.delete(key);
    return outcome ?? Promise.resolve(failed(new PermanentError("internal", "no such batch is being prepared")));
  }

  /** What waits or is under way fails. */
  close(): void {
    this.#closed = true;
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      next.resolve(await this.#append(next));
    }
    this.#running = false;
  }

  async #append({ batch, pipeline }: Waiting): Promise<AppendOutcome> {
    try {
      return { type: "stored", result: await this.#pieces(batch, pipeline) };
    } catch (error) {
      if (!(error instanceof PermanentError || error instanceof RetryableError)) {
        this.#logger.error("a batch could not be prepared for the log", {
          source: batch.source,
          reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
        });
      }
      return failed(error);
    }
  }

  async #pieces(batch: IncomingBatch, pipeline: IngestPipeline): Promise<AppendResult> {
    if (pipeline.pieces === undefined) throw new Error("the pipeline takes no large batches");
    const pieces = pipeline.pieces(batch);
    for (;;) {
      await nextTurn();
      if (this.#closed) throw new RetryableError("storage_unavailable", "the store is closing", 1_000);
      const { done, value } = await pieces.next();
      if (this.#closed) throw new RetryableError("storage_unavailable", "the store is closing", 1_000);
      if (done === true) return value;
      if (value !== undefined) this.#store(value, batch);
    }
  }
}

function failed(error: unknown): AppendOutcome {
  return { type: "failed", error: toErrorRecord(error) };
}
