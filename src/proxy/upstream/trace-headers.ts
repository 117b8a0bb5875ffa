import { readHeaders } from "../../propagation/carrier.ts";
import {
  compositePropagator,
  createPropagator,
  extractAny,
  PROPAGATION_FORMATS,
  type PropagationFormat,
} from "../../propagation/composite.ts";
import { type HeaderPair, NOTHING_PROPAGATED, type Propagated, type Propagator } from "../../propagation/context.ts";

/** Exact names of every format's headers. Those of B3 and of Jaeger's baggage are known by how they begin too. */
const NAMES: ReadonlySet<string> = new Set(
  PROPAGATION_FORMATS.flatMap((format) => createPropagator(format).fields).filter((field) => !field.endsWith("*")),
);

/** The headers of one set of formats. */
export interface TraceHeaders {
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
  return { propagator, replaces: carriesBaggage ? isTraceHeader : (name) => isTraceHeader(name) && !isBaggage(name) };
}

/** What a caller's headers say, in any format. `names` are those of `rawHeaders` in lower case, one for each pair. */
export function callerContext(names: readonly string[], rawHeaders: readonly string[]): Propagated {
  const pairs: HeaderPair[] = [];
  for (let at = 0; at < names.length; at++) {
    const name = names[at] as string;
    if (isTraceHeader(name)) pairs.push([name, rawHeaders[at * 2 + 1] as string]);
  }
  return pairs.length === 0 ? NOTHING_PROPAGATED : extractAny(readHeaders(pairs));
}

function isTraceHeader(name: string): boolean {
  return NAMES.has(name) || name.startsWith("x-b3-") || name.startsWith("uberctx-");
}

function isBaggage(name: string): boolean {
  return name === "baggage" || name.startsWith("uberctx-");
}
