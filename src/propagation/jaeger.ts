import { isBaggageKey } from "./baggage.ts";
import { firstHeader, readHeaders } from "./carrier.ts";
import {
  type BaggageEntry,
  type HeaderPair,
  type Propagated,
  type Propagator,
  type SamplingDecision,
  TRACE_FLAG,
} from "./context.ts";
import { percentDecode, percentEncode } from "./percent.ts";

const UBER_TRACE_ID = /^([0-9a-f]{1,32}):([0-9a-f]{1,16}):([0-9a-f]{0,16}):([0-9a-f]{1,2})$/;
const BAGGAGE_PREFIX = "uberctx-";
const UNRESERVED = /[A-Za-z0-9\-_.~!*'()]/;
const FLAG = { sampled: 1, debug: 2 } as const;

/**
 * Jaeger's own headers: `uber-trace-id: {trace}:{span}:{parent}:{flags}` in hex of any length, also with its colons
 * URL-encoded, and `uberctx-{key}` for baggage.
 */
export const jaegerPropagator: Propagator = {
  fields: ["uber-trace-id", `${BAGGAGE_PREFIX}*`],
  extract(carrier) {
    const headers = readHeaders(carrier);
    const baggage: BaggageEntry[] = [];
    for (const [name, values] of headers) {
      const key = name.slice(BAGGAGE_PREFIX.length);
      if (!name.startsWith(BAGGAGE_PREFIX) || !isBaggageKey(key)) continue;
      baggage.push({ key, value: percentDecode(values.at(-1) as string), metadata: "" });
    }
    return { ...parseUberTraceId(firstHeader(headers, "uber-trace-id") ?? ""), baggage };
  },
  inject({ span, sampling, baggage }) {
    const pairs: HeaderPair[] = [];
    if (span !== undefined) {
      pairs.push(["uber-trace-id", `${span.traceId}:${span.spanId}:0:${flagsOf(sampling).toString(16)}`]);
    }
    for (const { key, value } of baggage) {
      if (isBaggageKey(key)) pairs.push([`${BAGGAGE_PREFIX}${key}`, percentEncode(value, UNRESERVED)]);
    }
    return pairs;
  },
};

function parseUberTraceId(text: string): Pick<Propagated, "span" | "sampling"> {
  const match = UBER_TRACE_ID.exec(percentDecode(text).toLowerCase());
  const traceId = match?.[1]?.padStart(32, "0") ?? "";
  const spanId = match?.[2]?.padStart(16, "0") ?? "";
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return { span: undefined, sampling: "defer" };
  const flags = Number.parseInt(match?.[4] as string, 16);
  const sampling = (flags & FLAG.debug) !== 0 ? "debug" : (flags & FLAG.sampled) !== 0 ? "keep" : "drop";
  return { span: { traceId, spanId, flags: sampling === "drop" ? 0 : TRACE_FLAG.sampled, traceState: "" }, sampling };
}

function flagsOf(sampling: SamplingDecision): number {
  if (sampling === "debug") return FLAG.sampled | FLAG.debug;
  return sampling === "keep" ? FLAG.sampled : 0;
}
