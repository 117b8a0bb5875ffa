import type { Span, TracesData } from "../model/span.ts";
import { type SimulatedSpan, toAttributes } from "./simulation.ts";

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

/** Spans as the exporters of their services would send them: one ResourceSpans a service. */
export function groupByService(spans: readonly SimulatedSpan[]): TracesData {
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
