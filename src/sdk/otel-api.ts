import { EventEmitter } from "node:events";
import {
  type Context,
  type ContextManager,
  context as contextApi,
  propagation as propagationApi,
  ROOT_CONTEXT,
  trace as traceApi,
} from "@opentelemetry/api";
import { fromOtelBaggage, propagatedOf, toOtelBaggage, withRemote } from "./otel/context.ts";
import { OtelPropagator } from "./otel/propagator.ts";
import { OtelSpan } from "./otel/span.ts";
import { OtelTracerProvider } from "./otel/tracer.ts";
import type { ActiveContext } from "./trace/active-context.ts";
import { bindEmitter } from "./trace/bind-emitter.ts";
import type { Tracing } from "./trace/tracing.ts";

type Listener = (...args: unknown[]) => void;

export { OtelPropagator } from "./otel/propagator.ts";
export { OtelTracerProvider } from "./otel/tracer.ts";

/**
 * Keeps OpenTelemetry's context in the tracing instance's own store, so that a span made active through either API is
 * the parent of what starts through the other.
 */
export class OtelContextManager implements ContextManager {
  readonly #tracing: Tracing;

  constructor(tracing: Tracing) {
    this.#tracing = tracing;
  }

  active(): Context {
    return toOtelContext(this.#tracing.contexts.current());
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#tracing.contexts.with(this.#fromOtelContext(context), () => fn.apply(thisArg, args));
  }

  bind<T>(context: Context, target: T): T {
    if (target instanceof EventEmitter) return bindEmitter(target, (listener) => this.#bound(context, listener));
    return typeof target === "function"
      ? (this.#bound(context, target as unknown as Listener) as unknown as T)
      : target;
  }

  #bound(context: Context, target: Listener): Listener {
    const manager = this;
    return function (this: unknown, ...args) {
      return manager.#tracing.contexts.with(manager.#fromOtelContext(context), () => Reflect.apply(target, this, args));
    };
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#tracing.contexts.disable();
    return this;
  }

  #fromOtelContext(context: Context): Partial<ActiveContext> {
    const active = traceApi.getSpan(context);
    const baggage = fromOtelBaggage(propagationApi.getBaggage(context));
    if (active instanceof OtelSpan) return { span: active.inner, remote: undefined, baggage, foreign: context };
    const remote = active === undefined ? undefined : propagatedOf(active.spanContext(), context);
    return { span: undefined, remote, baggage, foreign: context };
  }
}

/**
 * Makes a tracing instance the provider of `@opentelemetry/api`: libraries that are instrumented for OpenTelemetry then
 * make its spans. Returns a function that takes it back. Throws Error when another provider is registered already.
 */
export function registerOpenTelemetry(tracing: Tracing): () => void {
  if (!traceApi.setGlobalTracerProvider(new OtelTracerProvider(tracing))) {
    throw new Error("@opentelemetry/api has a tracer provider already: only one can be registered in a process");
  }
  contextApi.setGlobalContextManager(new OtelContextManager(tracing));
  propagationApi.setGlobalPropagator(new OtelPropagator(tracing.propagator));
  return () => {
    traceApi.disable();
    contextApi.disable();
    propagationApi.disable();
  };
}

/** The active context as OpenTelemetry sees it. */
function toOtelContext(current: ActiveContext): Context {
  let context = (current.foreign as Context | undefined) ?? ROOT_CONTEXT;
  const { span, remote, baggage } = current;
  if (span !== undefined) {
    const known = traceApi.getSpan(context);
    if (!(known instanceof OtelSpan) || known.inner !== span) context = traceApi.setSpan(context, new OtelSpan(span));
  } else if (remote?.span !== undefined) {
    context = withRemote(context, remote);
  }
  const known = fromOtelBaggage(propagationApi.getBaggage(context));
  if (baggage.length > 0 && JSON.stringify(known) !== JSON.stringify(baggage)) {
    context = propagationApi.setBaggage(context, toOtelBaggage(baggage));
  }
  return context;
}
