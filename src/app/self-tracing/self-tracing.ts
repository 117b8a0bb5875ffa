import { randomBytes } from "node:crypto";
import type { AppendResult, BatchSink, IncomingBatch } from "../../component/ingest.ts";
import type { Logger } from "../../component/logger.ts";
import type { Counter, Metrics } from "../../component/metrics.ts";
import { type OwnWork, reported } from "../../component/own-work.ts";
import { messageOf } from "../../model/message-of.ts";
import type { Span } from "../../model/span.ts";
import { encodeSelfSpans, spansOfWork } from "./self-spans.ts";

/** `source` of the collector's own batches: they are stored like all others and never traced. */
export const SELF_SOURCE = "self";

export interface SelfTracingSettings {
  /** Where the collector's own spans go: the store itself, not what `traceSink` returned. */
  readonly sink: BatchSink;
  /** Share of operations that are traced whatever they took, 0 to 1. */
  readonly ratio: number;
  /** Operations that take at least this long are traced in any case, ms. */
  readonly slowerThanMs: number;
  readonly version: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly random?: () => number;
}

/** Spans that wait for the next flush; those beyond are counted and dropped. */
const MAX_WAITING = 2_048;
const FLUSH_MS = 1_000;
const MAX_BATCH_BYTES = 64 * 1024 * 1024;

/**
 * Traces the collector's own work as service `spanloom`: appends to the log (waiting for the commit included) and what
 * the store's threads report: requests to the UI port with the views that answer them (request-tracing.ts), attempts to
 * export, sealing and retention. Spans go into the collector's own log through the sink itself, so that storing them is
 * never traced.
 */
export class SelfTracing {
  readonly #settings: SelfTracingSettings;
  readonly #random: () => number;
  readonly #dropped: Counter;
  readonly #instance = randomBytes(8).toString("hex");
  readonly #timer: NodeJS.Timeout;
  #waiting: Span[] = [];

  constructor(settings: SelfTracingSettings) {
    this.#settings = settings;
    this.#random = settings.random ?? Math.random;
    this.#dropped = settings.metrics.counter(
      "spanloom_self_traces_dropped_spans_total",
      "Spans of the collector's own work that were not stored.",
    );
    this.#timer = setInterval(() => void this.flush(), FLUSH_MS).unref();
  }

  traceSink(sink: BatchSink): BatchSink {
    return {
      append: (batch: IncomingBatch): Promise<AppendResult> => {
        if (batch.source === SELF_SOURCE) return sink.append(batch);
        const details = { "spanloom.source": batch.source, "spanloom.request.bytes": batch.bytes.length };
        return reported(
          (work) => this.record(work),
          { name: "append", kind: "internal", details },
          () => sink.append(batch),
          ({ accepted, rejected }) => ({
            details: { "spanloom.spans.accepted": accepted, "spanloom.spans.rejected": rejected },
          }),
        );
      },
    };
  }

  /** Takes work that was measured where it happened, in a thread or not: one trace, kept or dropped as a whole. */
  record(work: OwnWork): void {
    const { ratio, slowerThanMs } = this.#settings;
    if (work.tookMs < slowerThanMs && this.#random() >= ratio) return;
    const spans = spansOfWork(work);
    if (this.#waiting.length + spans.length > MAX_WAITING) this.#dropped.add(spans.length);
    else this.#waiting.push(...spans);
  }

  /** Stores what waits. Never rejects: spans that cannot be stored are counted. */
  async flush(): Promise<void> {
    const spans = this.#waiting;
    if (spans.length === 0) return;
    this.#waiting = [];
    const { sink, version, logger } = this.#settings;
    const bytes = encodeSelfSpans(spans, version, this.#instance);
    try {
      await sink.append({
        format: "otlp_protobuf",
        encoding: "identity",
        bytes,
        maxBytes: MAX_BATCH_BYTES,
        receivedAtMs: Date.now(),
        source: SELF_SOURCE,
      });
    } catch (error) {
      this.#dropped.add(spans.length);
      logger.debug("the collector's own spans were not stored", {
        spans: spans.length,
        reason: messageOf(error),
      });
    }
  }

  /** Stores what waits and stops; for the time before the store closes. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }
}
