import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import facts from "../fixtures/facts.json" with { type: "json" };
import { replayAll } from "../support/recordings.ts";
import { faultsOf, type TempoMessage } from "../support/tempo-messages.ts";

const RANGE = { start: "1795388000", end: "1795396000" };
const SHOP = facts["node-shop"];

let collector: Collector;
beforeAll(async () => {
  collector = await createCollector();
  await replayAll(collector.endpoints.otlpHttp as string, ["node-shop"]);
});
afterAll(() => collector?.shutdown());

async function ask<T>(name: TempoMessage, path: string, params: Readonly<Record<string, string>> = {}): Promise<T> {
  const response = await fetch(`${collector.endpoints.tempo}${path}?${new URLSearchParams(params)}`, {
    headers: { accept: "application/json", "content-type": "application/json" },
  });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  expect(faultsOf(name, JSON.parse(text))).toEqual([]);
  return JSON.parse(text) as T;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
}
interface Found {
  readonly traces: readonly {
    readonly traceID: string;
    readonly spanSet: {
      readonly matched: number;
      readonly spans: readonly { readonly attributes: readonly Attribute[] }[];
    };
  }[];
}

/** What Kiali 2 asks of Tempo over HTTP, as its client makes it. */
describe("Kiali", () => {
  const SELECT =
    "select(status, .service_name, .node_id, .component, .upstream_cluster, .http.method, .response_flags, resource.hostname, name)";

  it("asks for the status of services", async () => {
    expect((await fetch(`${collector.endpoints.tempo}/status/services`)).status).toBe(200);
  });

  it("finds the traces of a service, and the name of it at the first span", async () => {
    const q = `{ .service.name = "orders"   } && {  }| ${SELECT}`;
    const { traces } = await ask<Found>("SearchResponse", "/api/search", { ...RANGE, q, spss: "10", limit: "100" });
    expect(traces).toHaveLength(SHOP.services.orders.traces);
    for (const { spanSet } of traces) {
      expect(spanSet.spans[0]?.attributes.map(({ key }) => key)).toEqual(
        expect.arrayContaining(["service.name", "status"]),
      );
    }
    const slow = await ask<Partial<Found>>("SearchResponse", "/api/search", { ...RANGE, q, minDuration: "100ms" });
    expect(slow.traces?.length ?? 0).toBeLessThan(traces.length);
  });

  it("opens one, whose spans name their service by its resource", async () => {
    const { traceId } = SHOP.allTraces[0] as { traceId: string };
    const { batches } = await ask<{ batches: { resource: { attributes: Attribute[] } }[] }>(
      "TraceV1",
      `/api/traces/${traceId}`,
    );
    for (const { resource } of batches) {
      expect(resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue).toBe("inventory");
    }
  });
});

/** The queries that Grafana's Traces Drilldown makes of what is clicked. */
describe("Grafana's Traces Drilldown", () => {
  it.each([
    "{nestedSetParent<0 && true} | rate() with(sample=true)",
    "{nestedSetParent<0 && true && status=error} | rate() by(resource.service.name)",
    "{nestedSetParent<0} | histogram_over_time(duration)",
    "{kind=server && true} | quantile_over_time(duration, 0.9)",
    '{true && span.db.system.name!=""} | rate()',
    "{nestedSetParent<0 && kind=server && true} | count_over_time() by(rootServiceName, rootName)",
  ])("draws %s", async (q) => {
    await ask("QueryRange", "/api/metrics/query_range", { q, ...RANGE, step: "30s" });
  });

  it("lists root spans, and reads the structure of what failed", async () => {
    const roots = await ask<Found>("SearchResponse", "/api/search", {
      q: "{nestedSetParent<0 && true} | select(status, resource.service.name, name, nestedSetParent, nestedSetLeft, nestedSetRight)",
      ...RANGE,
      limit: "200",
      spss: "10",
    });
    expect(roots.traces.length).toBeGreaterThan(50);
    const [first] = roots.traces[0]?.spanSet.spans ?? [];
    expect(first?.attributes).toContainEqual({ key: "nestedSetParent", value: { intValue: "-1" } });
    const failed = await ask<Found>("SearchResponse", "/api/search", {
      q: "{nestedSetParent<0 && true} &>> {status=error} | select(status, resource.service.name, name, nestedSetParent, nestedSetLeft, nestedSetRight)",
      ...RANGE,
      limit: "20",
      spss: "20",
    });
    expect(failed.traces.length).toBeGreaterThan(0);
    for (const { spanSet } of failed.traces) expect(spanSet.matched).toBeGreaterThan(1);
  });
});
