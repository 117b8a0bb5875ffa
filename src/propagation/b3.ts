import { firstHeader, type HeaderMap, readHeaders } from "./carrier.ts";
import {
  type HeaderPair,
  NOTHING_PROPAGATED,
  type Propagated,
  type Propagator,
  type SamplingDecision,
  TRACE_FLAG,
} from "./context.ts";

const TRACE_ID = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

/**
 * Zipkin's B3 (openzipkin/b3-propagation). Reads the single header `b3` and, where that says nothing valid, the
 * `X-B3-*` headers; writes one of the two. Trace ids of 16 digits are left-padded.
 */
export function createB3Propagator(inject: "single" | "multi"): Propagator {
  return {
    fields:
      inject === "single" ? ["b3"] : ["x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags"],
    extract(carrier) {
      const headers = readHeaders(carrier);
      return extractSingle(headers) ?? extractMulti(headers);
    },
    inject: inject === "single" ? injectSingle : injectMulti,
  };
}

function extractSingle(headers: HeaderMap): Propagated | undefined {
  const text = firstHeader(headers, "b3");
  if (text === undefined) return undefined;
  const parts = text.split("-");
  if (parts.length === 1) {
    const sampling = singleState(text);
    return sampling === undefined ? undefined : { span: undefined, sampling, baggage: [] };
  }
  const [traceId, spanId, state, parent] = parts as [string, string, string?, string?];
  if (parts.length > 4 || (parent !== undefined && !SPAN_ID.test(parent.toLowerCase()))) return undefined;
  const sampling = state === undefined ? "defer" : singleState(state);
  return sampling === undefined ? undefined : fromParts(traceId, spanId, sampling);
}

function extractMulti(headers: HeaderMap): Propagated {
  const sampling = multiState(firstHeader(headers, "x-b3-sampled"), firstHeader(headers, "x-b3-flags"));
  const traceId = firstHeader(headers, "x-b3-traceid");
  const spanId = firstHeader(headers, "x-b3-spanid");
  const found = traceId === undefined || spanId === undefined ? undefined : fromParts(traceId, spanId, sampling);
  return found ?? { ...NOTHING_PROPAGATED, sampling };
}

function fromParts(trace: string, span: string, sampling: SamplingDecision): Propagated | undefined {
  const traceId = trace.toLowerCase();
  const spanId = span.toLowerCase();
  if (!TRACE_ID.test(traceId) || !SPAN_ID.test(spanId) || isZero(traceId) || isZero(spanId)) return undefined;
  const flags = sampling === "keep" || sampling === "debug" ? TRACE_FLAG.sampled : 0;
  return { span: { traceId: traceId.padStart(32, "0"), spanId, flags, traceState: "" }, sampling, baggage: [] };
}

function singleState(text: string): SamplingDecision | undefined {
  if (text === "1" || text === "true") return "keep";
  if (text === "0" || text === "false") return "drop";
  return text === "d" ? "debug" : undefined;
}

function multiState(sampled: string | undefined, flags: string | undefined): SamplingDecision {
  if (flags === "1") return "debug";
  return (sampled === undefined ? undefined : singleState(sampled.toLowerCase())) ?? "defer";
}

function injectSingle({ span, sampling }: Propagated): readonly HeaderPair[] {
  const state = { defer: undefined, drop: "0", keep: "1", debug: "d" }[sampling];
  if (span === undefined) return state === undefined ? [] : [["b3", state]];
  return [["b3", `${span.traceId}-${span.spanId}${state === undefined ? "" : `-${state}`}`]];
}

function injectMulti({ span, sampling }: Propagated): readonly HeaderPair[] {
  const pairs: HeaderPair[] = [];
  if (span !== undefined) pairs.push(["X-B3-TraceId", span.traceId], ["X-B3-SpanId", span.spanId]);
  if (sampling === "debug") pairs.push(["X-B3-Flags", "1"]);
  else if (sampling !== "defer") pairs.push(["X-B3-Sampled", sampling === "keep" ? "1" : "0"]);
  return pairs;
}

function isZero(id: string): boolean {
  return /^0+$/.test(id);
}
