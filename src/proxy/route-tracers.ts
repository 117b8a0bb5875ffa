import type { Logger } from "../component/logger.ts";
import type { SpanExporter } from "../sdk/exporters/exporter.ts";
import { ContextStore } from "../sdk/trace/active-context.ts";
import { toKeyValues } from "../sdk/trace/attributes.ts";
import { BatchProcessor, DEFAULT_BATCH } from "../sdk/trace/batch-processor.ts";
import { SpanClock } from "../sdk/trace/clock.ts";
import { IdSource } from "../sdk/trace/id-source.ts";
import { DEFAULT_SPAN_LIMITS } from "../sdk/trace/limits.ts";
import { parentBased, ratio, type Sampler } from "../sdk/trace/sampler.ts";
import { Tracer } from "../sdk/trace/tracer.ts";

export interface RouteTracersSettings {
  /** Closed by `shutdown`. */
  readonly exporter: SpanExporter;
  /** Share of new traces kept, 0.0 to 1.0. Callers' decisions are followed. */
  readonly sampling: number;
  /** How long spans are gathered before they go out, ms. */
  readonly delayMs: number;
  readonly logger: Logger;
}

const MAX_QUEUE_SPANS = 16_384;

/**
 * A tracer for each service that has routes. All have one queue and exporter. Parents are always given, never found in
 * an active context. `createTracing` would put every request's promises and timers under AsyncLocalStorage for nothing.
 */
export class RouteTracers {
  readonly #tracers = new Map<string, Tracer>();
  readonly #processor: BatchProcessor;
  readonly #contexts = new ContextStore();
  readonly #clock = new SpanClock();
  readonly #ids = new IdSource();
  readonly #sampler: Sampler;

  constructor({ exporter, sampling, delayMs, logger }: RouteTracersSettings) {
    const batch = { ...DEFAULT_BATCH, delayMs, maxQueueSpans: MAX_QUEUE_SPANS };
    this.#processor = new BatchProcessor(exporter, batch, logger, (run) => run());
    this.#sampler = parentBased({ root: ratio(sampling) });
  }

  /** The tracer of a service. Routes of the same service get the same one. */
  of(service: string): Tracer {
    const known = this.#tracers.get(service);
    if (known !== undefined) return known;
    const attributes = toKeyValues({
      "service.name": service,
      "telemetry.sdk.name": "spanloom",
      "telemetry.sdk.language": "nodejs",
      "process.pid": process.pid,
    });
    const tracer = new Tracer({
      scope: { name: "spanloom.proxy", version: "", attributes: [], droppedAttributesCount: 0 },
      resource: { attributes, droppedAttributesCount: 0, entityRefs: [] },
      contexts: this.#contexts,
      clock: this.#clock,
      ids: this.#ids,
      sampler: this.#sampler,
      limits: DEFAULT_SPAN_LIMITS,
      onEnd: (record) => this.#processor.add(record),
      flush: () => this.#processor.flush(),
      shutdown: () => this.shutdown(),
    });
    this.#tracers.set(service, tracer);
    return tracer;
  }

  /** Sends what is left and closes the exporter. Idempotent. */
  shutdown(): Promise<void> {
    return this.#processor.shutdown();
  }
}
