import { type Logger, SILENT_LOGGER } from "../../component/logger.ts";
import type { Resource, Scope } from "../../model/span.ts";
import { readHeaders, writeHeaders } from "../../propagation/carrier.ts";
import {
  compositePropagator,
  createPropagator,
  extractAny,
  type PropagationFormat,
} from "../../propagation/composite.ts";
import type { Baggage, Carrier, HeaderPair, Propagated, Propagator } from "../../propagation/context.ts";
import { createExporter, type ExporterInput } from "../exporters/create.ts";
import { type ActiveContext, ContextStore } from "./active-context.ts";
import { type AttributesInput, toKeyValues } from "./attributes.ts";
import { BatchProcessor, type BatchSettings, DEFAULT_BATCH, type ExportStats } from "./batch-processor.ts";
import { SpanClock } from "./clock.ts";
import { IdSource } from "./id-source.ts";
import { DEFAULT_SPAN_LIMITS, type SpanLimits } from "./limits.ts";
import { parentBased, ratio, type Sampler } from "./sampler.ts";
import type { Span } from "./span.ts";
import { samplingOf } from "./span-context.ts";
import { Tracer } from "./tracer.ts";

export interface TracingOptions {
  /** `service.name`. */
  readonly service: string;
  /** More resource attributes. */
  readonly resource?: AttributesInput;
  /** Default `otlp`: protobuf over HTTP to http://localhost:4318/v1/traces. */
  readonly exporter?: ExporterInput;
  /** Share of new traces kept, 0.0 to 1.0, parents' decisions followed; or a sampler. Default 1.0. */
  readonly sampling?: number | Sampler;
  /** Formats to send, first the one that is believed first. Every known format is read. Default w3c and baggage. */
  readonly propagation?: PropagationFormat | readonly PropagationFormat[];
  readonly limits?: Partial<SpanLimits>;
  readonly batch?: Partial<BatchSettings>;
  /** Default: silent. */
  readonly logger?: Logger;
}

const DEFAULT_PROPAGATION: readonly PropagationFormat[] = ["w3c", "baggage"];
/** One tracing instance: its tracers share context, sampler, queue and exporter. There is no global one. */
export class Tracing {
  readonly resource: Resource;
  readonly service: string;
  readonly contexts = new ContextStore();
  readonly propagator: Propagator;
  readonly #processor: BatchProcessor;
  readonly #tracers = new Map<string, Tracer>();
  readonly #clock = new SpanClock();
  readonly #ids = new IdSource();
  readonly #sampler: Sampler;
  readonly #limits: SpanLimits;

  constructor(options: TracingOptions) {
    const { service, resource = {}, exporter = "otlp", sampling = 1, propagation = DEFAULT_PROPAGATION } = options;
    if (typeof service !== "string" || service === "")
      throw new TypeError("service: expected a name that is not empty");
    this.service = service;
    this.resource = {
      attributes: toKeyValues({
        "service.name": service,
        "telemetry.sdk.name": "spanloom",
        "telemetry.sdk.language": "nodejs",
        "process.pid": process.pid,
        ...resource,
      }),
      droppedAttributesCount: 0,
      entityRefs: [],
    };
    this.#sampler = typeof sampling === "number" ? parentBased({ root: ratio(sampling) }) : sampling;
    this.#limits = { ...DEFAULT_SPAN_LIMITS, ...options.limits };
    this.propagator = propagatorOf(typeof propagation === "string" ? [propagation] : propagation);
    this.#processor = new BatchProcessor(
      createExporter(exporter),
      { ...DEFAULT_BATCH, ...options.batch },
      options.logger ?? SILENT_LOGGER,
      (run) => this.contexts.with({ suppressed: true, span: undefined, remote: undefined }, run),
    );
  }

  /** The tracer of an instrumentation scope; the same one for the same name and version. */
  tracer(name: string = this.service, version = ""): Tracer {
    const key = `${name}\n${version}`;
    const known = this.#tracers.get(key);
    if (known !== undefined) return known;
    const scope: Scope = { name, version, attributes: [], droppedAttributesCount: 0 };
    const tracer = new Tracer({
      scope,
      resource: this.resource,
      contexts: this.contexts,
      clock: this.#clock,
      ids: this.#ids,
      sampler: this.#sampler,
      limits: this.#limits,
      onEnd: (record) => this.#processor.add(record),
      flush: () => this.flush(),
      shutdown: () => this.shutdown(),
    });
    this.#tracers.set(key, tracer);
    return tracer;
  }

  activeSpan(): Span | undefined {
    return this.contexts.current().span;
  }

  baggage(): Baggage {
    return this.contexts.current().baggage;
  }

  /** Runs `run` with this baggage, which is sent along with outgoing calls. */
  withBaggage<T>(baggage: Baggage, run: () => T): T {
    return this.contexts.with({ baggage }, run);
  }

  /** What the headers of a request say. */
  extract(carrier: Carrier): Propagated {
    return this.propagator.extract(carrier);
  }

  /** Runs `run` as part of what a caller sent: the next span continues the caller's trace. */
  withRemote<T>(remote: Propagated, run: () => T): T {
    return this.contexts.with({ span: undefined, remote, baggage: remote.baggage }, run);
  }

  /** The headers that continue the trace of `span`, by default the active one, in another process. */
  headers(span: Span | undefined = this.activeSpan()): readonly HeaderPair[] {
    return this.propagator.inject(outgoing(this.contexts.current(), span));
  }

  /** Writes `headers(span)` into a record of headers, replacing those of the same names. */
  inject<T extends Record<string, unknown>>(headers: T, span?: Span): T {
    writeHeaders(headers, this.headers(span));
    return headers;
  }

  /** Resolves when every span that ended before the call was delivered, refused or given up. */
  flush(): Promise<void> {
    return this.#processor.flush();
  }

  /** Flushes, then stops: spans that end later are dropped. Idempotent. */
  shutdown(): Promise<void> {
    return this.#processor.shutdown();
  }

  stats(): ExportStats {
    return this.#processor.stats();
  }
}

/** Throws TypeError or RangeError for options that make no sense, saying which and what was expected. */
export function createTracing(options: TracingOptions): Tracing {
  return new Tracing(options);
}

function outgoing(context: ActiveContext, span: Span | undefined): Propagated {
  const { baggage, remote } = context;
  if (span !== undefined) return { span: span.context, sampling: samplingOf(span.context), baggage };
  return { span: remote?.span, sampling: remote?.sampling ?? "defer", baggage };
}

/** Writes the formats asked for. Reads those first, and every other one where they name no span. */
function propagatorOf(formats: readonly PropagationFormat[]): Propagator {
  const own = compositePropagator(formats.map(createPropagator));
  const any: Propagator = { fields: [], extract: extractAny, inject: () => [] };
  const reader = compositePropagator([own, any]);
  return {
    fields: own.fields,
    extract: (carrier) => reader.extract(readHeaders(carrier)),
    inject: (context) => own.inject(context),
  };
}
