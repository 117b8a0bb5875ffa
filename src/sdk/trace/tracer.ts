import { stringAttribute } from "../../model/any-value.ts";
import { DEFAULT_SERVICE, type Resource, type Scope, type SpanRecord } from "../../model/span.ts";
import { type Propagated, TRACE_FLAG } from "../../propagation/context.ts";
import type { ContextStore } from "./active-context.ts";
import type { AttributesInput } from "./attributes.ts";
import type { SpanClock, TimeInput } from "./clock.ts";
import type { IdSource } from "./id-source.ts";
import type { SpanLimits } from "./limits.ts";
import type { Sampler } from "./sampler.ts";
import { isSampled, type LinkInput, Span, type SpanKindName } from "./span.ts";
import { remoteContext, type SpanContext, samplingOf } from "./span-context.ts";

/** Who a new span belongs to: a span of this process, one of another, or `null` for a new trace. */
export type ParentInput = Span | SpanContext | Propagated | null;

export interface StartOptions {
  /** Default `internal`. */
  readonly kind?: SpanKindName;
  readonly attributes?: AttributesInput;
  readonly links?: readonly LinkInput[];
  /** Default: the active span, else what the caller's headers said. */
  readonly parent?: ParentInput;
  readonly startTime?: TimeInput;
}

export interface TracerSettings {
  readonly scope: Scope;
  readonly resource: Resource;
  readonly contexts: ContextStore;
  readonly clock: SpanClock;
  readonly ids: IdSource;
  readonly sampler: Sampler;
  readonly limits: SpanLimits;
  readonly onEnd: (record: SpanRecord) => void;
  readonly flush: () => Promise<void>;
  readonly shutdown: () => Promise<void>;
}

/** Makes spans for one instrumentation scope. Get one from `createTracing().tracer(name)`. */
export class Tracer {
  readonly #settings: TracerSettings;

  constructor(settings: TracerSettings) {
    this.#settings = settings;
  }

  /** Starts a span without making it active; the caller ends it. */
  startSpan(name: string, options: StartOptions = {}): Span {
    const { contexts, clock, ids, sampler, limits } = this.#settings;
    const { kind = "internal", attributes = {}, links = [] } = options;
    const { parent, decision, local } = resolveParent(options.parent, contexts);
    const traceId = parent?.traceId ?? ids.traceId();
    const suppressed = contexts.current().suppressed;
    const { sampled, traceState } = suppressed
      ? { sampled: false, traceState: parent?.traceState ?? "" }
      : sampler.sample({
          traceId,
          parent,
          parentDecision: decision,
          name,
          kind,
          attributes,
          links: links.map((link) => link.context),
        });
    const random = parent === undefined ? TRACE_FLAG.random : parent.flags & TRACE_FLAG.random;
    const span = new Span({
      context: {
        traceId,
        spanId: ids.spanId(),
        flags: random | (sampled ? TRACE_FLAG.sampled : 0),
        traceState,
        isRemote: false,
        debug: decision === "debug",
      },
      parent,
      name,
      kind,
      anchor: local?.anchor ?? clock.anchor(),
      startTime: options.startTime,
      limits,
      recording: sampled,
      onEnd: (ended) => this.#ended(ended),
    });
    span.setAttributes(attributes);
    for (const link of links) span.addLink(link);
    return span;
  }

  /** Ends a span, by default the active one. */
  endSpan(span: Span | undefined = this.activeSpan(), time?: TimeInput): void {
    span?.end(time);
  }

  activeSpan(): Span | undefined {
    return this.#settings.contexts.current().span;
  }

  /** Runs `run` with the span active. It does not end the span. */
  withSpan<T>(span: Span, run: () => T): T {
    return this.#settings.contexts.with({ span, remote: undefined }, run);
  }

  /**
   * Runs `run` in a new active span and ends it when `run` returns, or when the promise that it returns settles. What
   * is thrown is recorded, sets the status to error, and is thrown on.
   */
  trace<T>(name: string, run: (span: Span) => T, options: StartOptions = {}): T {
    const span = this.startSpan(name, options);
    const failed = (error: unknown): never => {
      span.fail(error).end();
      throw error;
    };
    let result: T;
    try {
      result = this.withSpan(span, () => run(span));
    } catch (error) {
      return failed(error);
    }
    if (!isThenable(result)) {
      span.end();
      return result;
    }
    return result.then((value) => {
      span.end();
      return value;
    }, failed) as T;
  }

  /** Resolves when every span that ended before the call was sent or given up. */
  flush(): Promise<void> {
    return this.#settings.flush();
  }

  /** Flushes and stops the whole tracing instance that the tracer belongs to. */
  shutdown(): Promise<void> {
    return this.#settings.shutdown();
  }

  #ended(span: Span): void {
    if (!isSampled(span.context)) return;
    const { resource, scope, onEnd } = this.#settings;
    const service = stringAttribute(resource.attributes, "service.name") ?? DEFAULT_SERVICE;
    onEnd({
      span: span.toData(),
      resource,
      resourceSchemaUrl: "",
      scope,
      scopeSchemaUrl: "",
      service,
      marks: 0,
    });
  }
}

interface ResolvedParent {
  readonly parent: SpanContext | undefined;
  readonly decision: Propagated["sampling"];
  readonly local: Span | undefined;
}

function resolveParent(input: ParentInput | undefined, contexts: ContextStore): ResolvedParent {
  const none: ResolvedParent = { parent: undefined, decision: "defer", local: undefined };
  if (input === null) return none;
  const current = contexts.current();
  const given = input ?? current.span ?? current.remote;
  if (given === undefined) return none;
  if (given instanceof Span) return { parent: given.context, decision: samplingOf(given.context), local: given };
  if ("sampling" in given) return { parent: remoteContext(given), decision: given.sampling, local: undefined };
  return { parent: given, decision: samplingOf(given), local: undefined };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
