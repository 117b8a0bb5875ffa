import { compositePropagator, createPropagator, type PropagationFormat } from "../propagation/composite.ts";
import type { Propagator } from "../propagation/context.ts";

/** Names of every format that says which span a request belongs to. */
const CONTEXT_FORMATS = ["w3c", "b3", "b3_single", "jaeger"] as const satisfies readonly PropagationFormat[];
const BAGGAGE = /^(?:baggage|uberctx-.*)$/;

/** The headers of one set of formats: what is written, and what of the caller's gives way to it. */
export interface TraceHeaders {
  readonly propagator: Propagator;
  /**
   * True for lower-case names that are not passed on as they came. Context of every format goes: one that stayed would name
   * another parent than the one that is written. Baggage goes where the formats carry it, else it passes untouched.
   */
  readonly replaces: (name: string) => boolean;
}

export function traceHeaders(formats: readonly PropagationFormat[]): TraceHeaders {
  const propagator = compositePropagator(formats.map(createPropagator));
  const fields = CONTEXT_FORMATS.flatMap((format) => createPropagator(format).fields);
  const names = new Set(fields.filter((field) => !field.endsWith("*")));
  const carriesBaggage = formats.includes("baggage") || formats.includes("jaeger");
  return {
    propagator,
    replaces: (name) => (BAGGAGE.test(name) ? carriesBaggage : names.has(name) || name.startsWith("x-b3-")),
  };
}
