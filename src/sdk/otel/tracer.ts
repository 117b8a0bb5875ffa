import {
  type Context,
  context as contextApi,
  createContextKey,
  INVALID_SPAN_CONTEXT,
  type Span as OtelApiSpan,
  type Tracer as OtelApiTracer,
  SpanKind,
  type SpanOptions,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import type { AttributesInput } from "../trace/attributes.ts";
import type { SpanKindName } from "../trace/span.ts";
import type { ParentInput, Tracer } from "../trace/tracer.ts";
import type { Tracing } from "../trace/tracing.ts";
import { propagatedOf } from "./context.ts";
import { OtelSpan, toLink, toTime } from "./span.ts";

const KINDS: Readonly<Record<SpanKind, SpanKindName>> = {
  [SpanKind.INTERNAL]: "internal",
  [SpanKind.SERVER]: "server",
  [SpanKind.CLIENT]: "client",
  [SpanKind.PRODUCER]: "producer",
  [SpanKind.CONSUMER]: "consumer",
};

/** Set by instrumentations around calls that must make no spans (@opentelemetry/core, suppressTracing). */
const SUPPRESS_TRACING = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** A tracing instance as OpenTelemetry's TracerProvider. */
export class OtelTracerProvider implements TracerProvider {
  readonly #tracing: Tracing;

  constructor(tracing: Tracing) {
    this.#tracing = tracing;
  }

  getTracer(name: string, version?: string): OtelApiTracer {
    return new OtelTracer(this.#tracing.tracer(name, version));
  }

  forceFlush(): Promise<void> {
    return this.#tracing.flush();
  }

  shutdown(): Promise<void> {
    return this.#tracing.shutdown();
  }
}

class OtelTracer implements OtelApiTracer {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  startSpan(name: string, options: SpanOptions = {}, context: Context = contextApi.active()): OtelApiSpan {
    if (context.getValue(SUPPRESS_TRACING) === true) return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    const { kind = SpanKind.INTERNAL, attributes, links = [], startTime, root = false } = options;
    const span = this.#tracer.startSpan(name, {
      kind: KINDS[kind] ?? "internal",
      attributes: (attributes ?? {}) as AttributesInput,
      links: links.map(toLink),
      parent: root ? null : parentOf(context),
      ...(startTime === undefined ? {} : { startTime: toTime(startTime) }),
    });
    return new OtelSpan(span);
  }

  startActiveSpan<F extends (span: OtelApiSpan) => unknown>(name: string, ...rest: unknown[]): ReturnType<F> {
    const fn = rest.at(-1) as F;
    const options = (rest.length > 1 ? rest[0] : undefined) as SpanOptions | undefined;
    const parent = (rest.length > 2 ? rest[1] : undefined) as Context | undefined;
    const context = parent ?? contextApi.active();
    const span = this.startSpan(name, options, context);
    return contextApi.with(trace.setSpan(context, span), () => fn(span)) as ReturnType<F>;
  }
}

function parentOf(context: Context): ParentInput {
  const active = trace.getSpan(context);
  if (active instanceof OtelSpan) return active.inner;
  const spanContext = active?.spanContext();
  if (spanContext === undefined || !trace.isSpanContextValid(spanContext)) return null;
  return propagatedOf(spanContext, context);
}
