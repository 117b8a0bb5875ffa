import {
  type Context,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from "@opentelemetry/api";
import type { Propagator } from "../../propagation/context.ts";
import { samplingOf } from "../trace/span-context.ts";
import { fromOtelBaggage, propagatedOf, toOtelBaggage, withRemote } from "./context.ts";
import { OtelSpan } from "./span.ts";

/** One of our propagators behind OpenTelemetry's interface. */
export class OtelPropagator implements TextMapPropagator {
  readonly #propagator: Propagator;

  constructor(propagator: Propagator) {
    this.#propagator = propagator;
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const baggage = fromOtelBaggage(propagation.getBaggage(context));
    const active = trace.getSpan(context);
    const spanContext = active?.spanContext();
    const valid = spanContext !== undefined && trace.isSpanContextValid(spanContext);
    const propagated =
      active instanceof OtelSpan
        ? { span: active.inner.context, sampling: samplingOf(active.inner.context) }
        : valid
          ? propagatedOf(spanContext, context)
          : { span: undefined, sampling: "defer" as const };
    for (const [name, value] of this.#propagator.inject({ ...propagated, baggage })) setter.set(carrier, name, value);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const headers = getter.keys(carrier).map((key) => [key, getter.get(carrier, key)] as const);
    const found = this.#propagator.extract(headers);
    let extended = context;
    if (found.span !== undefined) extended = withRemote(extended, found);
    if (found.baggage.length > 0) extended = propagation.setBaggage(extended, toOtelBaggage(found.baggage));
    return extended;
  }

  fields(): string[] {
    return this.#propagator.fields.filter((field) => !field.endsWith("*"));
  }
}
