import type { Span, TracesData } from "../model/span.ts";
import { Random } from "./random.ts";
import { groupByService } from "./resources.ts";
import { SCENARIOS } from "./scenarios.ts";
import { Simulation } from "./simulation.ts";

const TOTAL_WEIGHT = SCENARIOS.reduce((sum, scenario) => sum + scenario.weight, 0);

/**
 * A shop of thirteen services with retries, N+1 queries, a slow lock and a card network that fails in one region.
 * The same seed gives the same traces, ids and relative times.
 */
export class DemoShop {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** One trace, grouped by service as their exporters would send it. */
  trace(startUnixNano: bigint): TracesData {
    const sim = new Simulation(this.#random, startUnixNano);
    this.#scenario().run(sim);
    return groupByService(sim.spans);
  }

  #scenario() {
    let at = this.#random.next() * TOTAL_WEIGHT;
    for (const scenario of SCENARIOS) {
      at -= scenario.weight;
      if (at < 0) return scenario;
    }
    return SCENARIOS[0] as (typeof SCENARIOS)[number];
  }
}

/** Joins the traces of one request: one ResourceSpans a service. */
export function joinTraces(traces: readonly TracesData[]): TracesData {
  const byName = new Map<string, { first: TracesData[number]; spans: Span[] }>();
  for (const resource of traces.flat()) {
    const key = JSON.stringify(resource.resource.attributes, (_key, value) =>
      typeof value === "bigint" ? value.toString() : (value as unknown),
    );
    const spans = resource.scopeSpans.flatMap((scope) => scope.spans);
    const known = byName.get(key);
    if (known === undefined) byName.set(key, { first: resource, spans });
    else known.spans.push(...spans);
  }
  return [...byName.values()].map(({ first, spans }) => ({
    ...first,
    scopeSpans: [{ ...(first.scopeSpans[0] as TracesData[number]["scopeSpans"][number]), spans }],
  }));
}

/** Number of spans in a request. */
export function countSpans(data: TracesData): number {
  return data.reduce((sum, one) => sum + one.scopeSpans.reduce((inner, scope) => inner + scope.spans.length, 0), 0);
}
