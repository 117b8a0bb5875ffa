import type { Span, TracesData } from "../model/span.ts";
import { Random } from "./random.ts";
import { SCENARIOS } from "./scenarios.ts";
import { type SimulatedSpan, Simulation, toAttributes } from "./simulation.ts";

const TOTAL_WEIGHT = SCENARIOS.reduce((sum, scenario) => sum + scenario.weight, 0);

const LANGUAGES: Readonly<Record<string, string>> = {
  frontend: "nodejs",
  gateway: "go",
  catalog: "java",
  search: "java",
  recommendations: "python",
  cart: "dotnet",
  checkout: "go",
  payment: "java",
  inventory: "nodejs",
  shipping: "rust",
  email: "python",
  accounts: "nodejs",
  fulfilment: "go",
};

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
    return byService(sim.spans);
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

function byService(spans: readonly SimulatedSpan[]): TracesData {
  const services = new Map<string, Span[]>();
  for (const { service, span } of spans) {
    const list = services.get(service);
    if (list === undefined) services.set(service, [span]);
    else list.push(span);
  }
  return [...services].map(([service, list]) => ({
    resource: {
      attributes: toAttributes({
        "service.name": service,
        "service.namespace": "shop",
        "service.version": "3.4.1",
        "service.instance.id": `${service}-1`,
        "deployment.environment.name": "demo",
        "telemetry.sdk.language": LANGUAGES[service] ?? "nodejs",
      }),
      droppedAttributesCount: 0,
      entityRefs: [],
    },
    schemaUrl: "",
    scopeSpans: [
      {
        scope: { name: "demo-shop", version: "1.0.0", attributes: [], droppedAttributesCount: 0 },
        schemaUrl: "",
        spans: list,
      },
    ],
  }));
}
