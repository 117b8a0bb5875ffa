import { readHeaders } from "../../propagation/carrier.ts";
import {
  compositePropagator,
  createPropagator,
  PROPAGATION_FORMATS,
  type PropagationFormat,
} from "../../propagation/composite.ts";
import {
  type HeaderPair,
  NOTHING_PROPAGATED,
  type Propagated,
  type Propagator,
  type TraceContext,
} from "../../propagation/context.ts";

/** Exact names of every format's headers. Those of B3 and of Jaeger's baggage are known by how they begin too. */
const NAMES: ReadonlySet<string> = new Set(
  PROPAGATION_FORMATS.flatMap((format) => createPropagator(format).fields).filter((field) => !field.endsWith("*")),
);

/** Those that name a span, one a format. */
const NAMING_SPANS: ReadonlySet<string> = new Set(["traceparent", "b3", "x-b3-traceid", "uber-trace-id"]);

/** What a caller's headers say. */
export interface CallerTrace {
  readonly context: Propagated;
  /** Spans of other traces, where the formats do not agree. */
  readonly others: readonly TraceContext[];
}

const NO_TRACE: CallerTrace = { context: NOTHING_PROPAGATED, others: [] };

/** The headers of one set of formats. */
export interface TraceHeaders {
  /**
   * Reads every format, those of the set first and in its order: the first that names a span gives the trace. `names`
   * are those of `rawHeaders` in lower case, one for each pair.
   */
  readonly extract: (names: readonly string[], rawHeaders: readonly string[]) => CallerTrace;
  readonly propagator: Propagator;
  /**
   * True for lower-case names that are not passed on as they came. That holds for the context of every format: a header
   * that stayed would name another parent than the one that is written. It holds for baggage where the formats carry
   * it. Other baggage passes untouched.
   */
  readonly replaces: (name: string) => boolean;
}

export function traceHeaders(formats: readonly PropagationFormat[]): TraceHeaders {
  const propagator = compositePropagator(formats.map(createPropagator));
  const carriesBaggage = formats.includes("baggage") || formats.includes("jaeger");
  const readers = readingOrder(formats).map(createPropagator);
  const all = compositePropagator(readers);
  return {
    propagator,
    extract: (names, rawHeaders) => extract(readers, all, names, rawHeaders),
    replaces: carriesBaggage ? isTraceHeader : (name) => isTraceHeader(name) && !isBaggage(name),
  };
}

/** Both forms of B3 are read by either. */
function readingOrder(formats: readonly PropagationFormat[]): readonly PropagationFormat[] {
  const order = [...formats, ...PROPAGATION_FORMATS].map((format) => (format === "b3_single" ? "b3" : format));
  return [...new Set(order)];
}

function extract(
  readers: readonly Propagator[],
  all: Propagator,
  names: readonly string[],
  rawHeaders: readonly string[],
): CallerTrace {
  const pairs: HeaderPair[] = [];
  let spans = 0;
  for (let at = 0; at < names.length; at++) {
    const name = names[at] as string;
    if (!isTraceHeader(name)) continue;
    pairs.push([name, rawHeaders[at * 2 + 1] as string]);
    if (NAMING_SPANS.has(name)) spans++;
  }
  if (pairs.length === 0) return NO_TRACE;
  const headers = readHeaders(pairs);
  const context = all.extract(headers);
  if (spans < 2) return { context, others: [] };
  const others = new Map<string, TraceContext>();
  for (const reader of readers) {
    const { span } = reader.extract(headers);
    // An id of 64 bits may be the low half of the trace's own.
    if (span !== undefined && lowHalf(span) !== lowHalf(context.span)) others.set(lowHalf(span), span);
  }
  return { context, others: [...others.values()] };
}

function lowHalf(span: TraceContext | undefined): string {
  return span?.traceId.slice(16) ?? "";
}

function isTraceHeader(name: string): boolean {
  return NAMES.has(name) || name.startsWith("x-b3-") || name.startsWith("uberctx-");
}

function isBaggage(name: string): boolean {
  return name === "baggage" || name.startsWith("uberctx-");
}
