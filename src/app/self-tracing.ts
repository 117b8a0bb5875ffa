import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import type { AppendResult, BatchSink, IncomingBatch } from "../component/ingest.ts";
import type { Logger } from "../component/logger.ts";
import type { Counter, Metrics } from "../component/metrics.ts";
import type { OwnWork, WorkDetails } from "../component/own-work.ts";
import type { ViewHost, ViewResult } from "../component/read.ts";
import { SPAN_KIND, type Span, type SpanKind } from "../model/span.ts";
import type { HttpHandler } from "../server/http-listener.ts";
import { encodeSelfSpans, selfSpan } from "./self-spans.ts";

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
/** Spans of one operation. */
const MAX_CHILDREN = 64;
const FLUSH_MS = 1_000;
const MAX_BATCH_BYTES = 64 * 1024 * 1024;
/** Requests that monitors repeat for ever and that say nothing. */
const UNTRACED_PATH = /\/(?:metrics|healthz|readyz)$|\/assets\//;

/** One request or append with everything below it; kept or dropped as a whole when it ends. */
interface Operation {
  readonly traceId: string;
  readonly spanId: string;
  readonly finished: Span[];
  readonly sampled: boolean;
}

/**
 * Traces the collector's own work as service `spanloom`: appends to the log (waiting for the commit included), requests
 * to the UI port, the views that answer them, and what the store's threads report: attempts to export, sealing and
 * retention. Spans go into the collector's own log through the sink itself, so that storing them is never traced.
 */
export class SelfTracing {
  readonly #settings: SelfTracingSettings;
  readonly #random: () => number;
  readonly #current = new AsyncLocalStorage<Operation>();
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
        return this.#trace(
          "append",
          SPAN_KIND.internal,
          details,
          () => sink.append(batch),
          (result) => ({
            "spanloom.spans.accepted": result.accepted,
            "spanloom.spans.rejected": result.rejected,
          }),
        );
      },
    };
  }

  traceViews(views: ViewHost): ViewHost {
    return {
      view: (name: string, params: unknown, signal: AbortSignal): Promise<ViewResult> =>
        this.#trace(
          `view ${name}`,
          SPAN_KIND.internal,
          { "spanloom.view": name },
          () => views.view(name, params, signal),
          (result) => ({
            "spanloom.response.bytes": result.body.length,
          }),
        ),
    };
  }

  traceRequests(handler: HttpHandler): HttpHandler {
    return (request, response) => {
      const method = request.method ?? "";
      const path = (request.url ?? "").split("?", 1)[0] as string;
      if (UNTRACED_PATH.test(path)) {
        handler(request, response);
        return;
      }
      const operation = this.#begin();
      const start = process.hrtime.bigint();
      response.once("close", () => {
        const route = (request as { readonly route?: { readonly path?: unknown } }).route?.path;
        const name = typeof route === "string" ? `${method} ${route}` : method;
        const details = {
          "http.request.method": method,
          "url.path": path,
          "http.route": typeof route === "string" ? route : undefined,
          "http.response.status_code": response.statusCode,
        };
        const fault = response.statusCode >= 500 ? `status ${response.statusCode}` : undefined;
        const error = response.writableFinished ? fault : "the client went away";
        this.#end(operation, undefined, name, SPAN_KIND.server, start, details, error);
      });
      this.#current.run(operation, () => handler(request, response));
    };
  }

  /** Takes work that was measured where it happened, in a thread or not. */
  record({ name, kind, endMs, tookMs, details, error }: OwnWork): void {
    const operation = this.#begin();
    const endNano = BigInt(Math.round(endMs * 1e6));
    const tookNano = BigInt(Math.round(tookMs * 1e6));
    const ids = { traceId: operation.traceId, spanId: operation.spanId, parentSpanId: "" };
    this.#keep(operation, tookNano, [
      selfSpan({ ...ids, name, kind: SPAN_KIND[kind], endNano, tookNano, details, error }),
    ]);
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
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** Stores what waits and stops; for the time before the store closes. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  #begin(): Operation {
    return {
      traceId: randomBytes(16).toString("hex"),
      spanId: randomBytes(8).toString("hex"),
      finished: [],
      sampled: this.#random() < this.#settings.ratio,
    };
  }

  async #trace<T>(
    name: string,
    kind: SpanKind,
    details: WorkDetails,
    run: () => Promise<T>,
    outcome: (result: T) => WorkDetails,
  ): Promise<T> {
    const parent = this.#current.getStore();
    const operation = parent ?? this.#begin();
    const start = process.hrtime.bigint();
    try {
      const result = await (parent === undefined ? this.#current.run(operation, run) : run());
      this.#end(operation, parent, name, kind, start, { ...details, ...outcome(result) }, undefined);
      return result;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#end(operation, parent, name, kind, start, details, text);
      throw error;
    }
  }

  #end(
    operation: Operation,
    parent: Operation | undefined,
    name: string,
    kind: SpanKind,
    start: bigint,
    details: WorkDetails,
    error: string | undefined,
  ): void {
    const took = process.hrtime.bigint() - start;
    const endNano = BigInt(Date.now()) * 1_000_000n;
    const span = selfSpan({
      traceId: operation.traceId,
      spanId: parent === undefined ? operation.spanId : randomBytes(8).toString("hex"),
      parentSpanId: parent?.spanId ?? "",
      name,
      kind,
      endNano,
      tookNano: took,
      details,
      error,
    });
    if (parent !== undefined) {
      if (operation.finished.length < MAX_CHILDREN) operation.finished.push(span);
      return;
    }
    this.#keep(operation, took, [span, ...operation.finished]);
  }

  #keep(operation: Operation, tookNano: bigint, spans: readonly Span[]): void {
    const slow = tookNano >= BigInt(Math.round(this.#settings.slowerThanMs * 1e6));
    if (!operation.sampled && !slow) return;
    if (this.#waiting.length + spans.length > MAX_WAITING) this.#dropped.add(spans.length);
    else this.#waiting.push(...spans);
  }
}
