import type { ExportOutcome } from "../../component/export.ts";
import type { Logger } from "../../component/logger.ts";
import { type BackoffSettings, backoffMs, DEFAULT_BACKOFF } from "../../component/retry.ts";
import { joinSignals } from "../../component/signals.ts";
import { pause } from "../../component/wait.ts";
import { messageOf } from "../../model/message-of.ts";
import type { SpanRecord } from "../../model/span.ts";
import type { SpanExporter } from "../exporters/exporter.ts";

export interface BatchSettings {
  /** Spans that wait at most; later ones are dropped and counted. Default 2048. */
  readonly maxQueueSpans: number;
  /** Spans of one request at most; so many waiting are sent at once. Default 512. */
  readonly maxBatchSpans: number;
  /** Longest wait before what there is is sent, ms. Default 5000. */
  readonly delayMs: number;
  /** How long one batch is tried before it is given up, ms. Default 60 000. */
  readonly giveUpMs: number;
  /** How long `shutdown` may take, ms. Default 30 000. */
  readonly shutdownMs: number;
  readonly backoff: BackoffSettings;
}

export const DEFAULT_BATCH: BatchSettings = {
  maxQueueSpans: 2048,
  maxBatchSpans: 512,
  delayMs: 5000,
  giveUpMs: 60_000,
  shutdownMs: 30_000,
  backoff: DEFAULT_BACKOFF,
};

/** What became of the spans that ended. */
export interface ExportStats {
  readonly delivered: number;
  /** Refused by the peer for good. */
  readonly rejected: number;
  /** Queue full, given up after retries, or ended after shutdown. */
  readonly dropped: number;
  readonly queued: number;
  readonly retries: number;
}

/**
 * Ended spans wait in a bounded queue and go out in batches, one request at a time. The wait is a timer that does not
 * keep the process alive; a program that ends should call `shutdown`.
 */
export class BatchProcessor {
  readonly #exporter: SpanExporter;
  readonly #settings: BatchSettings;
  readonly #logger: Logger;
  readonly #suppressed: <T>(run: () => T) => T;
  readonly #abort = new AbortController();
  #queue: SpanRecord[] = [];
  #inFlight = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #hurry = false;
  #taken = 0;
  #delivered = 0;
  #rejected = 0;
  #dropped = 0;
  #retries = 0;

  /** `suppressed` runs its argument so that no span starts inside. */
  constructor(exporter: SpanExporter, settings: BatchSettings, logger: Logger, suppressed: <T>(run: () => T) => T) {
    this.#exporter = exporter;
    this.#settings = settings;
    this.#logger = logger;
    this.#suppressed = suppressed;
  }

  add(record: SpanRecord): void {
    if (this.#closing !== undefined) {
      this.#dropped++;
      return;
    }
    if (this.#queue.length + this.#inFlight >= this.#settings.maxQueueSpans) {
      if (this.#dropped++ === 0) {
        this.#logger.warn("spans are dropped: the export queue is full", {
          maxQueueSpans: this.#settings.maxQueueSpans,
        });
      }
      return;
    }
    this.#taken++;
    this.#queue.push(record);
    if (this.#queue.length >= this.#settings.maxBatchSpans) void this.#send();
    else this.#schedule();
  }

  /** Resolves when what had ended before the call is delivered, refused or given up. */
  async flush(): Promise<void> {
    const target = this.#taken;
    while (this.#taken - this.#queue.length - this.#inFlight < target) {
      this.#hurry = true;
      await this.#send();
    }
  }

  /** Takes no more, flushes within `shutdownMs`, then drops the rest and closes the exporter. Idempotent. */
  shutdown(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  stats(): ExportStats {
    return {
      delivered: this.#delivered,
      rejected: this.#rejected,
      dropped: this.#dropped,
      queued: this.#queue.length + this.#inFlight,
      retries: this.#retries,
    };
  }

  async #close(): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort(), this.#settings.shutdownMs);
    try {
      await this.flush();
    } finally {
      clearTimeout(timer);
      clearTimeout(this.#timer);
      await this.#exporter.shutdown();
    }
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#sending !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#hurry = true;
      void this.#send();
    }, this.#settings.delayMs);
    this.#timer.unref();
  }

  #send(): Promise<void> {
    this.#sending ??= this.#suppressed(() => this.#drain()).finally(() => {
      this.#sending = undefined;
      this.#hurry = false;
      if (this.#queue.length > 0 && this.#closing === undefined) this.#schedule();
    });
    return this.#sending;
  }

  /** Sends whole batches; with `hurry` also the rest, up to what waits at that moment. */
  async #drain(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { maxBatchSpans } = this.#settings;
    while (this.#queue.length >= maxBatchSpans || (this.#hurry && this.#queue.length > 0)) {
      if (this.#queue.length <= maxBatchSpans) this.#hurry = false;
      const batch = this.#queue.splice(0, maxBatchSpans);
      this.#inFlight = batch.length;
      await this.#deliver(batch, Date.now() + this.#settings.giveUpMs);
      this.#inFlight = 0;
    }
  }

  async #deliver(batch: readonly SpanRecord[], giveUpAt: number): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      if (this.#abort.signal.aborted) return this.#giveUp(batch.length, "shutdown took too long");
      const outcome = await this.#attempt(batch, giveUpAt);
      switch (outcome.type) {
        case "delivered":
          this.#delivered += batch.length;
          if (outcome.warning !== undefined) this.#logger.warn("spans were taken", { warning: outcome.warning });
          return;
        case "rejected":
          this.#rejected += outcome.count;
          this.#delivered += batch.length - outcome.count;
          this.#logger.warn("spans were rejected", { count: outcome.count, reason: outcome.reason });
          return;
        case "split": {
          if (batch.length < 2) return this.#giveUp(batch.length, outcome.reason);
          const half = batch.length >> 1;
          await this.#deliver(batch.slice(0, half), giveUpAt);
          return this.#deliver(batch.slice(half), giveUpAt);
        }
        case "retry": {
          const waitMs = backoffMs(attempt, this.#settings.backoff, Math.random, outcome.afterMs);
          if (Date.now() + waitMs > giveUpAt) return this.#giveUp(batch.length, outcome.reason);
          this.#retries++;
          this.#logger.debug("the export is tried again", { waitMs, reason: outcome.reason });
          // It keeps the process alive: spans between two attempts outlive `main`.
          await pause(waitMs, this.#abort.signal);
        }
      }
    }
  }

  /** An exporter that throws, or never answers, must neither end the program nor hold up what comes after. */
  async #attempt(batch: readonly SpanRecord[], giveUpAt: number): ReturnType<SpanExporter["export"]> {
    const { signal } = this.#abort;
    const waited = new AbortController();
    const either = joinSignals(signal, waited.signal);
    const late = pause(Math.max(0, giveUpAt - Date.now()), either.signal).then(
      (): ExportOutcome => ({ type: "retry", reason: "the exporter gave no answer in time" }),
    );
    try {
      return await Promise.race([this.#exporter.export(batch, signal), late]);
    } catch (error) {
      return { type: "rejected", count: batch.length, reason: messageOf(error) };
    } finally {
      waited.abort();
      either.release();
    }
  }

  #giveUp(count: number, reason: string): void {
    this.#dropped += count;
    this.#logger.warn("spans were given up", { count, reason, exporter: this.#exporter.description });
  }
}
