import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { ExportOutcome } from "../../component/export.ts";
import type { Logger } from "../../component/logger.ts";
import type { Counter, Metrics } from "../../component/metrics.ts";
import { backoffMs } from "../../component/retry.ts";
import { joinSignals } from "../../component/signals.ts";
import type { ConfiguredExporter, ExporterStatus } from "../../component/store.ts";
import { type Cursor, compareCursors, type LogFragment } from "../../model/log.ts";
import { messageOf } from "../../model/message-of.ts";
import type { SpanFilter } from "../../model/trace-query.ts";
import type { LogEntry, LogReader } from "../log/log-reader.ts";
import type { LogPosition } from "../log/segment-source.ts";
import { BatchGatherer, type GatheredBatch } from "./batch-gatherer.ts";
import { bytesOf, chunkFragments, spansOf } from "./chunk-fragments.ts";
import type { ConsumerState } from "./cursor-store.ts";
import type { RequestEnds } from "./request-ends.ts";

export interface ConsumerOptions {
  readonly configured: ConfiguredExporter;
  readonly state: ConsumerState;
  readonly reader: LogReader;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
  readonly now: () => number;
  /** Of an exporter that is `exact`. */
  readonly requests?: RequestEnds;
}

interface Job {
  /** None once it is done: it may wait long for one before it, and bodies are large. */
  entries: readonly LogEntry[];
  /** Where the log is done when this job and all before it are. */
  end: LogPosition;
  /** Spans that retention had removed before its entries. */
  lostBefore: number;
  /** Spans that the filter left out. */
  filtered: number;
  /** `left`: given up by a shutdown; it and what follows stay behind the cursor. */
  state: "running" | "done" | "left";
  /** Aborted: the cursor was set back behind it, so it is neither repeated nor moves the cursor. */
  readonly overtaken: AbortController;
}

/** What the parts of one job have in common. */
interface Sending {
  readonly overtaken: AbortSignal;
  /** As Exporter.export. */
  readonly range: string | undefined;
}

type CountName = "delivered" | "rejected" | "lost" | "retries";

/** Trouble of one kind is logged at most this often, ms. */
const LOG_EVERY_MS = 10_000;

/** Smaller than this a batch is not kept for good: a destination that refuses it means the span. */
const MIN_BATCH_BYTES = 64 * 1024;

/**
 * Drives one exporter along the log: joins rows into requests, keeps up to `concurrency` of them under way, repeats
 * what may be repeated for as long as retention and the bound on its backlog keep the spans, and splits what is too
 * large. Its state holds the contiguous prefix that is done.
 */
export class Consumer {
  readonly name: string;
  readonly #options: ConsumerOptions;
  readonly #counters: Record<CountName, Counter>;
  readonly #counts: Record<CountName, number>;
  readonly #gatherer: BatchGatherer;
  readonly #filteredCounter: Counter;
  /** Spans that the filter left out, since the start. */
  #filtered = 0;
  readonly #jobs: Job[] = [];
  /** Aborted: requests under way are given up. */
  readonly #giveUp = new AbortController();
  /** Aborted: nothing is begun or repeated any more. */
  readonly #stop = new AbortController();
  #done: LogPosition;
  #read: LogPosition;
  #pumping = false;
  /** A batch is gathered on in the next turn of the event loop. */
  #gathering = false;
  /** Until a batch that is not full is old enough. */
  #ripe: NodeJS.Timeout | undefined;
  #isRipe = false;
  #draining = false;
  #idle: (() => void)[] = [];
  #lastOutcome: ExportOutcome["type"] | undefined;
  #lastError: string | undefined;
  /** Most bytes in one request, about: the setting, or half of what the destination has found too large since. */
  #maxBytes: number;
  #lastDeliveredAtMs: number | undefined;
  /** By message. */
  readonly #loggedAtMs = new Map<string, number>();

  /** @throws PermanentError `bad_request` for a filter that cannot be compiled */
  constructor(options: ConsumerOptions) {
    this.#options = options;
    const { name, maxBatchSpans, filter } = options.configured;
    this.name = name;
    this.#gatherer = new BatchGatherer(options.reader, maxBatchSpans, filter);
    const { position, delivered, rejected, lost, retries } = options.state;
    this.#done = position;
    this.#read = position;
    this.#maxBytes = options.configured.maxBatchBytes ?? Number.POSITIVE_INFINITY;
    setMaxListeners(0, this.#giveUp.signal, this.#stop.signal);
    this.#counts = { delivered, rejected, lost, retries };
    const counter = (name: string, help: string) =>
      options.metrics.counter(`spanloom_exporter_${name}_total`, help, { exporter: this.name });
    this.#counters = {
      delivered: counter("delivered_spans", "Spans that the destination took."),
      rejected: counter("rejected_spans", "Spans that the destination refused for good."),
      lost: counter(
        "lost_spans",
        "Spans that retention removed, or a bounded backlog gave up, before they could be sent.",
      ),
      retries: counter("retries", "Requests that were sent again."),
    };
    this.#filteredCounter = counter("filtered_spans", "Spans that the exporter's filter left out.");
  }

  state(): ConsumerState {
    return { position: this.#done, ...this.#counts };
  }

  /**
   * Begins once more behind `position`, which has to be behind what is done. Requests under way come to their end, and
   * what they deliver is sent again.
   */
  setBack(position: LogPosition): void {
    for (const job of this.#jobs) job.overtaken.abort();
    this.#options.requests?.forget();
    this.#done = position;
    this.#read = position;
    this.#settle();
  }

  /** What is sent of all that is not yet in a request under way. Throws as the constructor. */
  setFilter(filter: SpanFilter | undefined): void {
    this.#gatherer.setFilter(filter);
  }

  /** To be called when the log has grown. */
  wake(): void {
    if (this.#pumping || this.#gathering) return;
    this.#pumping = true;
    try {
      this.#pump();
    } catch (error) {
      this.#complain("reading the log failed", messageOf(error));
    } finally {
      this.#pumping = false;
    }
  }

  /**
   * Ends. With `drain` the rest of the log is sent first; else only requests under way are waited for. When the signal
   * aborts these are given up. What was not delivered stays behind the cursor.
   */
  async shutdown(drain: boolean, signal: AbortSignal): Promise<void> {
    if (!drain) this.#stop.abort();
    this.#draining = drain;
    clearTimeout(this.#ripe);
    const abort = () => {
      this.#stop.abort();
      this.#giveUp.abort();
    };
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    this.wake();
    while (this.#running() > 0 || this.#gathering) await new Promise<void>((resolve) => this.#idle.push(resolve));
    signal.removeEventListener("abort", abort);
    this.#stop.abort();
  }

  status(end: LogPosition): ExporterStatus {
    const lagSpans = Math.max(0, end.spansThrough - this.#done.spansThrough);
    const oldest = this.#first()?.entries[0]?.block.receivedAtMs ?? this.#options.reader.nextReceivedAtMs(this.#done);
    return {
      name: this.name,
      lagBatches: Math.max(0, end.sequence - this.#done.sequence),
      lagSpans,
      lagMs: oldest === undefined ? 0 : Math.max(0, this.#options.now() - oldest),
      deliveredSpans: this.#counts.delivered,
      rejectedSpans: this.#counts.rejected,
      filteredSpans: this.#filtered,
      lostSpans: this.#counts.lost,
      retries: this.#counts.retries,
      lastOutcome: this.#lastOutcome,
      lastError: this.#lastError,
      lastDeliveredAtMs: this.#lastDeliveredAtMs,
    };
  }

  #pump(): void {
    const { concurrency } = this.#options.configured;
    while (!this.#stop.signal.aborted && this.#running() < concurrency) {
      const until = this.#options.requests?.next(this.#read);
      if (until === undefined && this.#waitsForMore()) return;
      const batch = this.#gatherer.next(this.#read, this.#maxBytes, () => this.#begin(), until);
      if (batch === undefined) return;
      if (batch === "later") {
        this.#gathering = true;
        setImmediate(() => {
          this.#gathering = false;
          this.#settle();
        });
        return;
      }
      this.#read = batch.end;
      if (batch.entries.length === 0) this.#pass(batch);
      else {
        const job: Job = { ...batch, state: "running", overtaken: new AbortController() };
        this.#jobs.push(job);
        void this.#run(job);
      }
    }
  }

  /** Whether a batch is to grow before it is sent. It is asked again when it is old enough. */
  #waitsForMore(): boolean {
    const { configured, reader, now } = this.#options;
    const { gatherMs, maxBatchSpans } = configured;
    if (gatherMs === undefined || this.#draining || this.#isRipe) return this.#noLongerWaits();
    if (reader.end().spansThrough - this.#read.spansThrough >= maxBatchSpans) return this.#noLongerWaits();
    const oldest = reader.nextReceivedAtMs(this.#read);
    if (oldest === undefined) return this.#noLongerWaits();
    const left = Math.min(gatherMs, oldest + gatherMs - now());
    if (left <= 0) return this.#noLongerWaits();
    // It goes on as it is where more comes: what is late by a clock that was set back is not to wait again.
    this.#ripe ??= setTimeout(() => {
      this.#ripe = undefined;
      this.#isRipe = true;
      this.wake();
    }, left).unref();
    return true;
  }

  #noLongerWaits(): false {
    clearTimeout(this.#ripe);
    this.#ripe = undefined;
    this.#isRipe = false;
    return false;
  }

  /** Where the next batch begins. A gap before it shows as lost when the cursor passes it. */
  #begin(): LogPosition {
    const given = this.#givenUp();
    return given !== undefined && compareCursors(this.#read, given) < 0 ? { ...this.#read, ...given } : this.#read;
  }

  /** Nothing of it is to be sent: the cursor moves over it in its turn. */
  #pass(batch: GatheredBatch): void {
    const last = this.#jobs.at(-1);
    if (last?.state === "done" && !last.overtaken.signal.aborted) {
      last.end = batch.end;
      last.lostBefore += batch.lostBefore;
      last.filtered += batch.filtered;
    } else this.#jobs.push({ ...batch, state: "done", overtaken: new AbortController() });
    this.#settle();
  }

  /** The one behind which the cursor stands. */
  #first(): Job | undefined {
    return this.#jobs.find(({ overtaken }) => !overtaken.signal.aborted);
  }

  #running(): number {
    let running = 0;
    for (const job of this.#jobs) if (job.state === "running") running++;
    return running;
  }

  #lose(spans: number): void {
    this.#count("lost", spans);
    const reason = `${this.#counts.lost} spans lost to retention or max_backlog by now`;
    this.#complain("spans were given up before they could be sent", reason);
  }

  /** Everything up to this place is given up, where a bounded backlog has grown too long. */
  #givenUp(): Cursor | undefined {
    const { configured, reader } = this.#options;
    if (configured.maxBacklogSpans === undefined) return undefined;
    const end = reader.end();
    if (end.spansThrough - this.#done.spansThrough <= configured.maxBacklogSpans) return undefined;
    const { segment, block } = reader.back(end, configured.maxBacklogSpans);
    return { segment, block };
  }

  async #run(job: Job): Promise<void> {
    const fragments = job.entries.map(({ block, rows }) => ({ block, rows }));
    const { requests } = this.#options;
    while (job.state === "running") {
      try {
        requests?.store(job.end);
        const sending = { overtaken: job.overtaken.signal, range: requests?.rangeOf(job.end) };
        for (const part of this.#chunk(fragments)) await this.#send(part, sending);
        job.entries = [];
        job.state = "done";
      } catch (error) {
        if (this.#stop.signal.aborted || job.overtaken.signal.aborted) job.state = "left";
        else await this.#pauseAfter(error);
      }
    }
    this.#settle();
  }

  /** The store itself failed: what was under way is sent again, which at-least-once delivery allows. */
  async #pauseAfter(error: unknown): Promise<void> {
    this.#complain("reading the log failed", messageOf(error));
    await sleep(this.#options.configured.backoff.initialMs, undefined, { signal: this.#stop.signal }).catch(() => {});
  }

  /** Moves the cursor over the jobs that are done without a gap, and begins what there is room for. */
  #settle(): void {
    const left = this.#jobs.filter(({ overtaken, state }) => !overtaken.signal.aborted || state === "running");
    this.#jobs.splice(0, this.#jobs.length, ...left);
    for (let job = this.#first(); job?.state === "done"; job = this.#first()) {
      this.#jobs.splice(this.#jobs.indexOf(job), 1);
      this.#done = job.end;
      if (job.lostBefore > 0) this.#lose(job.lostBefore);
      this.#filtered += job.filtered;
      this.#filteredCounter.add(job.filtered);
    }
    this.wake();
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when every span of the fragments is delivered, refused or lost; throws only after a stop. */
  async #send(all: readonly LogFragment[], sending: Sending): Promise<void> {
    const { overtaken } = sending;
    let fragments = all;
    for (let attempt = 0; ; attempt++) {
      overtaken.throwIfAborted();
      fragments = this.#options.reader.withoutDeleted(fragments);
      const spans = spansOf(fragments);
      if (spans === 0) return;
      if (spans > 1 && bytesOf(fragments) > this.#maxBytes) {
        // The destination has shown its limit since these were joined.
        for (const part of this.#chunk(fragments)) await this.#send(part, sending);
        return;
      }
      const outcome = await this.#attempt(fragments, sending.range);
      this.#lastOutcome = outcome.type;
      switch (outcome.type) {
        case "delivered":
          this.#delivered(spans);
          if (outcome.warning !== undefined) {
            this.#complain("the destination took spans with a warning", outcome.warning);
          }
          return;
        case "rejected":
          this.#delivered(Math.max(0, spans - outcome.count));
          this.#reject(Math.min(spans, outcome.count), outcome.reason);
          return;
        case "split": {
          if (spans <= 1) {
            this.#reject(spans, outcome.reason);
            return;
          }
          this.#learn(bytesOf(fragments));
          for (const half of chunkFragments(fragments, Math.ceil(spans / 2))) await this.#send(half, sending);
          return;
        }
        case "retry": {
          this.#complain("the destination does not take spans now; they wait in the log", outcome.reason);
          const wait = backoffMs(attempt, this.#options.configured.backoff, this.#options.random, outcome.afterMs);
          await this.#pause(wait, overtaken);
          this.#count("retries", 1);
          const given = this.#givenUp();
          fragments = fragments.filter(
            ({ block }) =>
              this.#options.reader.holds(block.next.segment) &&
              (given === undefined || compareCursors(block.next, given) > 0),
          );
          const lost = spans - spansOf(fragments);
          if (lost > 0) this.#lose(lost);
          if (fragments.length === 0) return;
        }
      }
    }
  }

  /** Throws when it is over early, as nothing is to be sent any more. */
  async #pause(ms: number, overtaken: AbortSignal): Promise<void> {
    const both = joinSignals(this.#stop.signal, overtaken);
    try {
      await sleep(ms, undefined, { signal: both.signal });
    } finally {
      both.release();
    }
  }

  #chunk(fragments: readonly LogFragment[]): LogFragment[][] {
    return chunkFragments(fragments, this.#options.configured.maxBatchSpans, this.#maxBytes);
  }

  /** Keeps what comes below a size that the destination has refused, until the next start. */
  #learn(refusedBytes: number): void {
    const half = Math.floor(refusedBytes / 2);
    if (half < MIN_BATCH_BYTES || half >= this.#maxBytes) return;
    this.#maxBytes = half;
    this.#options.logger.info("the destination finds requests too large; they are kept smaller from now on", {
      exporter: this.name,
      bytes: half,
      setting: `exporters.${this.name}.sending.max_batch_bytes`,
    });
  }

  async #attempt(fragments: readonly LogFragment[], range: string | undefined): Promise<ExportOutcome> {
    this.#stop.signal.throwIfAborted();
    const { signal } = this.#giveUp;
    let stopWaiting = () => {};
    try {
      const givenUp = new Promise<never>((_, reject) => {
        const onAbort = () => reject(signal.reason);
        signal.addEventListener("abort", onAbort, { once: true });
        stopWaiting = () => signal.removeEventListener("abort", onAbort);
      });
      return await Promise.race([this.#options.configured.exporter.export(fragments, signal, range), givenUp]);
    } catch (error) {
      if (signal.aborted) throw error;
      return {
        type: "retry",
        reason: `the exporter failed: ${messageOf(error)}`,
      };
    } finally {
      stopWaiting();
    }
  }

  #delivered(spans: number): void {
    this.#count("delivered", spans);
    this.#lastDeliveredAtMs = this.#options.now();
    this.#lastError = undefined;
  }

  #reject(spans: number, reason: string): void {
    this.#count("rejected", spans);
    this.#complain("the destination refused spans for good", reason);
  }

  #count(name: CountName, value: number): void {
    this.#counts[name] += value;
    this.#counters[name].add(value);
  }

  #complain(message: string, reason: string): void {
    this.#lastError = reason;
    const now = this.#options.now();
    if (Math.abs(now - (this.#loggedAtMs.get(message) ?? Number.NEGATIVE_INFINITY)) < LOG_EVERY_MS) return;
    this.#loggedAtMs.set(message, now);
    this.#options.logger.warn(message, { exporter: this.name, reason });
  }
}
