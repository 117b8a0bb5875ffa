import type { Duplex } from "node:stream";
import type { Host } from "../../component/component.ts";
import { cancelled, fromErrorRecord, PermanentError, RetryableError } from "../../component/errors.ts";
import type { AppendResult, IncomingBatch } from "../../component/ingest.ts";
import type { MetricSample } from "../../component/metrics.ts";
import { reported } from "../../component/own-work.ts";
import type { ViewResult } from "../../component/read.ts";
import type { ExporterStatus, ExportFilters, ServedReads, SpanStore } from "../../component/store.ts";
import type { AppendOutcome } from "../log/ingest-core.ts";
import type { SealOutcome, SealTask } from "../log/seal-task.ts";
import { SealingLoop } from "../sealing/sealing-loop.ts";
import type { StoreThreads } from "./store-threads.ts";

/** Bounds of one group, so that the first of it does not wait for too many others; a larger batch goes alone. */
const MAX_GROUP_BYTES = 4 * 1024 * 1024;
const MAX_GROUP_BATCHES = 512;

/**
 * A group waits half as long as the last one took to commit for the senders that were just answered, within these
 * bounds, ms. Without it few senders end up in two groups that take turns, or with one sync of the disk for each of
 * their requests.
 */
const LEAST_GATHER_MS = 1;
const MOST_GATHER_MS = 5;
/** Groups of this many batches, or of a block's bytes, are worth a sync of their own. */
const GATHER_BATCHES = 64;
const GATHER_BYTES = 256 * 1024;
/** After a pause as long as this nobody is expected, ms. */
const GATHER_IDLE_MS = 20;

/** How often segments to seal are looked for, ms. */
const SEALING_EVERY_MS = 5_000;

interface Waiting {
  readonly batch: IncomingBatch;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The store as the application holds it. While a group of batches is being committed, those that arrive wait and make
 * the next group: the busier the collector, the more requests share one sync of the disk.
 */
export class StoreClient implements SpanStore {
  readonly #threads: StoreThreads;
  #waiting: Waiting[] = [];
  #committing: Promise<void> | undefined;
  #waitingBytes = 0;
  /** Batches of the next group, if everybody who was answered sends again. */
  #expected = 0;
  #lastAnswerMs = 0;
  #gatherMs = LEAST_GATHER_MS;
  #gathered: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  /** Answers to large batches that are under way. */
  readonly #later = new Set<Promise<void>>();
  readonly #sealing: SealingLoop | undefined;

  constructor(threads: StoreThreads, host: Host, sealing = false) {
    this.#threads = threads;
    const { ingest, export: exporting } = threads;
    const sealer = threads.sealing;
    if (sealer === undefined) return;
    this.#sealing = new SealingLoop({
      parts: {
        floor: () => exporting.floor(),
        next: (floor, atOnce) => ingest.maintain({ type: "next_seal", floor, atOnce }),
        seal: (task) => sealReported(host, task, () => sealer.seal(task)),
        finish: (task, outcome) => ingest.maintain({ type: "finish_seal", task, outcome }),
      },
      logger: host.logger,
      everyMs: SEALING_EVERY_MS,
    });
    if (sealing) this.#sealing.start();
  }

  async deleteTraces(traceIds: readonly Uint8Array[]): Promise<void> {
    if (this.#closing !== undefined) throw closed();
    if (traceIds.length === 0) return;
    await this.#threads.ingest.maintain({ type: "delete_traces", traceIds });
    await Promise.all([this.#threads.query.checkDeletions(), this.#threads.export.checkDeletions()]);
  }

  async deleteAll(): Promise<void> {
    if (this.#closing !== undefined) throw closed();
    await this.#threads.ingest.maintain({ type: "delete_all" });
    await this.#threads.export.forget();
  }

  async compact(onProgress?: (segments: number) => void): Promise<number> {
    if (this.#closing !== undefined) throw closed();
    await this.#threads.ingest.maintain({ type: "roll" });
    await this.#threads.export.catchUp();
    return (await this.#sealing?.run(true, onProgress)) ?? 0;
  }

  async resend(exporter: string, sinceMs: number | undefined): Promise<number> {
    if (this.#closing !== undefined) throw closed();
    const setBack = () => this.#threads.export.resend(exporter, sinceMs);
    // A cursor into a segment that is being sealed would name other rows afterwards.
    return this.#sealing === undefined ? setBack() : this.#sealing.between(setBack);
  }

  append(batch: IncomingBatch): Promise<AppendResult> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    return new Promise<AppendResult>((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      this.#waitingBytes += batch.bytes.length;
      if (this.#gathered !== undefined && this.#isGathered()) this.#gathered();
      this.#committing ??= this.#commit();
    });
  }

  view(name: string, params: unknown, signal: AbortSignal): Promise<ViewResult> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    if (signal.aborted) return Promise.reject(cancelled());
    return this.#threads.query.view(name, params, signal);
  }

  async serve(config: unknown, onStream: (stream: Duplex) => void): Promise<ServedReads> {
    if (this.#closing !== undefined) throw closed();
    return this.#threads.query.serve(config, onStream);
  }

  async reconfigureIngest(config: unknown): Promise<void> {
    if (this.#closing !== undefined) throw closed();
    await this.#threads.ingest.reconfigure(config);
  }

  async filterExports(filters: ExportFilters): Promise<void> {
    if (this.#closing !== undefined) throw closed();
    await this.#threads.export.filter(filters);
  }

  trouble(): string | undefined {
    if (this.#closing !== undefined) return "the store is closing";
    const { ingest, query, export: exporting } = this.#threads;
    const refusing = ingest.trouble();
    if (refusing !== undefined) return refusing;
    const unread = query.trouble() ?? exporting.trouble();
    return unread === undefined ? undefined : `a part of what is stored cannot be read now: ${unread}`;
  }

  async metrics(): Promise<readonly MetricSample[]> {
    if (this.#closing !== undefined) return [];
    const { ingest, query, export: exporting, sealing } = this.#threads;
    const parts = await Promise.allSettled([
      ingest.metrics(),
      query.metrics(),
      exporting.metrics(),
      sealing?.metrics() ?? [],
    ]);
    return parts.flatMap((part) => (part.status === "fulfilled" ? part.value : []));
  }

  exporters(): Promise<readonly ExporterStatus[]> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    return this.#threads.export.status();
  }

  close(signal: AbortSignal): Promise<void> {
    this.#closing ??= this.#close(signal);
    return this.#closing;
  }

  /** Readers go first, so that the writer is the last to close a segment and can empty its write-ahead log. */
  async #close(signal: AbortSignal): Promise<void> {
    await this.#committing;
    await Promise.race([Promise.all(this.#later), aborted(signal)]);
    const sealing = this.#sealing?.stop();
    await this.#threads.sealing?.close(signal);
    await sealing;
    this.#threads.export.advanced(0);
    const parts = await Promise.allSettled([this.#threads.export.close(signal), this.#threads.query.close(signal)]);
    await this.#threads.ingest.close(signal);
    for (const part of parts) if (part.status === "rejected") throw part.reason;
  }

  async #commit(): Promise<void> {
    // One turn of the microtask queue, so that batches taken in the same turn make one group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      if (!this.#isGathered() && performance.now() - this.#lastAnswerMs < GATHER_IDLE_MS) await this.#gather();
      const group = this.#waiting.splice(0, groupLength(this.#waiting));
      let bytes = 0;
      for (const { batch } of group) bytes += batch.bytes.length;
      this.#waitingBytes -= bytes;
      const sentMs = performance.now();
      try {
        const outcomes = await this.#threads.ingest.append(group.map(({ batch }) => batch));
        this.#threads.export.advanced(bytes);
        for (const [i, waiting] of group.entries()) {
          const outcome = outcomes[i];
          if (outcome?.type === "later") this.#answerLater(waiting, outcome.key);
          else answer(waiting, outcome);
        }
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
      this.#expected = group.length + this.#waiting.length;
      this.#lastAnswerMs = performance.now();
      this.#gatherMs = Math.min(MOST_GATHER_MS, Math.max(LEAST_GATHER_MS, (this.#lastAnswerMs - sentMs) / 2));
    }
    // In the same turn as the last look at the queue: a batch that comes later must find nobody committing.
    this.#committing = undefined;
  }

  /** A large batch is answered when all of it is committed; others go on meanwhile. */
  #answerLater(waiting: Waiting, key: number): void {
    const answered = this.#threads.ingest.later(key).then(
      (outcome) => {
        this.#threads.export.advanced(MAX_GROUP_BYTES);
        answer(waiting, outcome);
      },
      (error: unknown) => waiting.reject(error),
    );
    this.#later.add(answered);
    void answered.then(() => this.#later.delete(answered));
  }

  #isGathered(): boolean {
    return (
      this.#waiting.length >= Math.min(this.#expected, GATHER_BATCHES) ||
      this.#waitingBytes >= GATHER_BYTES ||
      this.#closing !== undefined
    );
  }

  async #gather(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#gatherMs);
      this.#gathered = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#gathered = undefined;
  }
}

function sealReported(host: Host, task: SealTask, seal: () => Promise<SealOutcome>): Promise<SealOutcome> {
  return reported(
    host.reportWork,
    { name: "seal segment", kind: "internal", details: { "spanloom.segment": task.source } },
    seal,
    (outcome) => ({
      details: {
        "spanloom.seal.outcome": outcome.type,
        ...(outcome.type === "sealed" ? { "spanloom.spans": outcome.spans, "spanloom.bytes": outcome.bytes } : {}),
      },
      ...(outcome.type === "abandoned" ? { error: outcome.reason } : {}),
    }),
  );
}

function answer({ resolve, reject }: Waiting, outcome: AppendOutcome | undefined): void {
  if (outcome?.type === "stored") resolve(outcome.result);
  else reject(outcome === undefined ? unanswered() : fromErrorRecord(outcome.error));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function groupLength(waiting: readonly Waiting[]): number {
  let bytes = 0;
  let length = 0;
  for (const { batch } of waiting) {
    bytes += batch.bytes.length;
    if (length > 0 && bytes > MAX_GROUP_BYTES) break;
    length++;
    if (length === MAX_GROUP_BATCHES) break;
  }
  return length;
}

function closed(): RetryableError {
  return new RetryableError("storage_unavailable", "the store is closing", 1000);
}

function unanswered(): PermanentError {
  return new PermanentError("internal", "the ingest thread did not answer for this batch");
}
