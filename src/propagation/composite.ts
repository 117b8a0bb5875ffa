import { createB3Propagator } from "./b3.ts";
import { baggagePropagator } from "./baggage.ts";
import { readHeaders } from "./carrier.ts";
import {
  type BaggageEntry,
  type Carrier,
  type HeaderPair,
  NOTHING_PROPAGATED,
  type Propagated,
  type Propagator,
} from "./context.ts";
import { jaegerPropagator } from "./jaeger.ts";
import { w3cPropagator } from "./w3c.ts";

/** The formats by the names that configuration uses. `b3` is the `X-B3-*` headers, `b3_single` the one header `b3`. */
export const PROPAGATION_FORMATS = ["w3c", "b3", "b3_single", "jaeger", "baggage"] as const;
export type PropagationFormat = (typeof PROPAGATION_FORMATS)[number];

/** Throws TypeError for a name that is none of them. */
export function createPropagator(format: PropagationFormat): Propagator {
  switch (format) {
    case "w3c":
      return w3cPropagator;
    case "b3":
      return createB3Propagator("multi");
    case "b3_single":
      return createB3Propagator("single");
    case "jaeger":
      return jaegerPropagator;
    case "baggage":
      return baggagePropagator;
    default: {
      const expected = PROPAGATION_FORMATS.join(", ");
      throw new TypeError(`propagation format "${String(format)}": expected one of ${expected}`);
    }
  }
}

/**
 * Several formats at once. The first that names a valid span gives span and sampling; without one, the first that
 * states a decision gives that. Baggage of all is joined, the earlier propagator's value holding. All inject.
 */
export function compositePropagator(propagators: readonly Propagator[]): Propagator {
  const fields = propagators.flatMap((propagator) => propagator.fields);
  const distinct = new Set(fields).size === fields.length;
  return {
    fields: [...new Set(fields)],
    extract(carrier) {
      const headers = readHeaders(carrier);
      return join(propagators.map((propagator) => propagator.extract(headers)));
    },
    inject(context) {
      const all: HeaderPair[] = [];
      for (const propagator of propagators) all.push(...propagator.inject(context));
      return distinct ? all : [...new Map(all.map((pair) => [pair[0].toLowerCase(), pair])).values()];
    },
  };
}

/** Reads every format, W3C first: what a server uses that does not know who calls it. */
export function extractAny(carrier: Carrier): Propagated {
  return ANY.extract(carrier);
}

const ANY = compositePropagator([w3cPropagator, createB3Propagator("single"), jaegerPropagator, baggagePropagator]);

function join(found: readonly Propagated[]): Propagated {
  const named = found.find(({ span }) => span !== undefined) ?? found.find(({ sampling }) => sampling !== "defer");
  const baggage = new Map<string, BaggageEntry>();
  for (const entry of found.flatMap((each) => each.baggage)) {
    if (!baggage.has(entry.key)) baggage.set(entry.key, entry);
  }
  return { ...(named ?? NOTHING_PROPAGATED), baggage: [...baggage.values()] };
}
