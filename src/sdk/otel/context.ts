import {
  baggageEntryMetadataFromString,
  type Context,
  createContextKey,
  createTraceState,
  type Baggage as OtelBaggage,
  type SpanContext as OtelSpanContext,
  propagation,
  trace,
} from "@opentelemetry/api";
import { type Baggage, decisionOf, type Propagated, type SamplingDecision } from "../../propagation/context.ts";

/** What B3 and Jaeger say beyond OpenTelemetry's trace flags: debug, or no decision. */
const SAMPLING_KEY = createContextKey("spanloom sampling decision");

/** The context with the caller's span as its parent. */
export function withRemote(context: Context, { span, sampling }: Propagated): Context {
  if (span === undefined) return context;
  const { traceId, spanId, flags, traceState } = span;
  const remote: OtelSpanContext = {
    traceId,
    spanId,
    traceFlags: flags,
    isRemote: true,
    ...(traceState === "" ? {} : { traceState: createTraceState(traceState) }),
  };
  return trace.setSpanContext(context.setValue(SAMPLING_KEY, { spanId, sampling }), remote);
}

/** A span context as our propagators and tracers take it. */
export function propagatedOf(span: OtelSpanContext, context: Context): Propagated {
  const noted = context.getValue(SAMPLING_KEY) as { spanId: string; sampling: SamplingDecision } | undefined;
  const { traceId, spanId, traceFlags } = span;
  return {
    span: { traceId, spanId, flags: traceFlags & 3, traceState: span.traceState?.serialize() ?? "" },
    sampling: noted?.spanId === spanId ? noted.sampling : decisionOf(traceFlags),
    baggage: [],
  };
}

export function fromOtelBaggage(baggage: OtelBaggage | undefined): Baggage {
  return (baggage?.getAllEntries() ?? []).map(([key, { value, metadata }]) => ({
    key,
    value,
    metadata: metadata?.toString() ?? "",
  }));
}

export function toOtelBaggage(baggage: Baggage): OtelBaggage {
  return propagation.createBaggage(
    Object.fromEntries(
      baggage.map(({ key, value, metadata }) => [
        key,
        metadata === "" ? { value } : { value, metadata: baggageEntryMetadataFromString(metadata) },
      ]),
    ),
  );
}
