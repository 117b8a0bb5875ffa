import { createB3Propagator } from "../../propagation/b3.ts";
import {
  decisionOf,
  type Propagated,
  type SamplingDecision,
  TRACE_FLAG,
  type TraceContext,
} from "../../propagation/context.ts";
import { formatTraceparent, parseTraceparent } from "../../propagation/w3c.ts";
import { IdSource } from "./id-source.ts";

/** Identity of a span, as its children and other processes see it. */
export interface SpanContext extends TraceContext {
  /** True when it came from another process. */
  readonly isRemote: boolean;
  /** True when the caller asked for the trace whatever samplers say (B3 `d`, Jaeger's debug flag). */
  readonly debug: boolean;
}

/** A new trace: random ids, the random flag set, sampled unless said otherwise. */
export function rootContext(sampled = true): SpanContext {
  const ids = new IdSource();
  return {
    traceId: ids.traceId(),
    spanId: ids.spanId(),
    flags: TRACE_FLAG.random | (sampled ? TRACE_FLAG.sampled : 0),
    traceState: "",
    isRemote: false,
    debug: false,
  };
}

/** A new span in the trace of `parent`, with its flags and trace state. */
export function childContext(parent: SpanContext): SpanContext {
  return { ...parent, spanId: new IdSource().spanId(), isRemote: false };
}

/** A span of another process, from what its headers said; undefined where they named none. */
export function remoteContext(propagated: Propagated): SpanContext | undefined {
  const { span, sampling } = propagated;
  return span === undefined ? undefined : { ...span, isRemote: true, debug: sampling === "debug" };
}

/** `00-<trace id>-<span id>-<flags>`. */
export function toW3cHeader(context: SpanContext): string {
  return formatTraceparent(context);
}

/** The span that a `traceparent` value names; undefined where it is not valid (W3C Trace Context §3.2). */
export function fromW3cHeader(header: string): SpanContext | undefined {
  const parent = parseTraceparent(header.trim());
  return parent === undefined ? undefined : { ...parent, traceState: "", isRemote: true, debug: false };
}

/** `X-B3-TraceId`, `X-B3-SpanId` and `X-B3-Sampled`, or `X-B3-Flags` for a debug trace (openzipkin/b3-propagation). */
export function toB3Headers(context: SpanContext): Record<string, string> {
  const pairs = createB3Propagator("multi").inject({ span: context, sampling: samplingOf(context), baggage: [] });
  return Object.fromEntries(pairs);
}

/** What propagators send for a span. */
export function samplingOf(context: SpanContext): SamplingDecision {
  return context.debug ? "debug" : decisionOf(context.flags);
}
