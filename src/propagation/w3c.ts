import { firstHeader, readHeaders } from "./carrier.ts";
import {
  decisionOf,
  type HeaderPair,
  KNOWN_TRACE_FLAGS,
  NOTHING_PROPAGATED,
  type Propagator,
  TRACE_FLAG,
  type TraceContext,
} from "./context.ts";
import { formatTraceState, limitTraceState, parseTraceState } from "./trace-state.ts";

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;
const ZERO_TRACE_ID = "0".repeat(32);
const ZERO_SPAN_ID = "0".repeat(16);

/**
 * A `traceparent` value. Versions after 00 may carry more after a `-`; undefined for what is not valid: version `ff`,
 * upper case, all-zero ids, anything after a version 00 value.
 */
export function parseTraceparent(text: string): Omit<TraceContext, "traceState"> | undefined {
  const match = TRACEPARENT.exec(text);
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, rest] = match;
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (traceId === ZERO_TRACE_ID || spanId === ZERO_SPAN_ID) return undefined;
  return {
    traceId: traceId as string,
    spanId: spanId as string,
    flags: Number.parseInt(flags as string, 16) & KNOWN_TRACE_FLAGS,
  };
}

/** `00-<trace id>-<span id>-<flags>`. */
export function formatTraceparent(context: Omit<TraceContext, "traceState">): string {
  const flags = (context.flags & KNOWN_TRACE_FLAGS).toString(16).padStart(2, "0");
  return `00-${context.traceId}-${context.spanId}-${flags}`;
}

/**
 * W3C Trace Context level 2. A missing, repeated or invalid `traceparent` means a new trace and drops the trace state;
 * an invalid `tracestate` is dropped alone.
 */
export const w3cPropagator: Propagator = {
  fields: ["traceparent", "tracestate"],
  extract(carrier) {
    const headers = readHeaders(carrier);
    if ((headers.get("traceparent")?.length ?? 0) !== 1) return NOTHING_PROPAGATED;
    const parent = parseTraceparent(firstHeader(headers, "traceparent") ?? "");
    if (parent === undefined) return NOTHING_PROPAGATED;
    const state = parseTraceState(headers.get("tracestate") ?? []);
    return {
      span: { ...parent, traceState: formatTraceState(state ?? []) },
      sampling: decisionOf(parent.flags),
      baggage: [],
    };
  },
  inject({ span, sampling }) {
    if (span === undefined) return [];
    const flags = sampling === "debug" ? span.flags | TRACE_FLAG.sampled : span.flags;
    const pairs: HeaderPair[] = [["traceparent", formatTraceparent({ ...span, flags })]];
    const state = limitTraceState(span.traceState);
    if (state !== "") pairs.push(["tracestate", state]);
    return pairs;
  },
};
