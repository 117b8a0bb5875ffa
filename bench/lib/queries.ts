/** Jaeger's query API, which every system but Zipkin has: what people and dashboards ask. `{service}` and `{trace}` vary. */
export const QUERIES = {
  trace: "/api/traces/{trace}",
  service: "/api/traces?service={service}&limit=20&lookback=24h",
  tag: `/api/traces?service={service}&limit=20&lookback=24h&tags=${encodeURIComponent('{"tenant":"tenant-7"}')}`,
  nothing: `/api/traces?service={service}&limit=20&lookback=24h&tags=${encodeURIComponent('{"request.id":"none"}')}`,
  services: "/api/services",
  operations: "/api/services/{service}/operations",
  dependencies: "/api/dependencies?lookback=86400000&endTs={now}",
} as const;
export type QueryName = keyof typeof QUERIES;

/** Times of every query, ms, sorted. The first round is not counted: it loads what later ones find in memory. */
export async function timeQueries(base: string, rounds: number): Promise<Record<QueryName, number[]>> {
  const times = Object.fromEntries(Object.keys(QUERIES).map((name) => [name, []])) as unknown as Record<
    QueryName,
    number[]
  >;
  const traces = await recentTraces(base);
  for (let round = -1; round < rounds; round++) {
    for (const [name, path] of Object.entries(QUERIES) as [QueryName, string][]) {
      const service = `service-${String((round + 1) % 16).padStart(2, "0")}`;
      const trace = traces[(round + 1) % Math.max(1, traces.length)] ?? "";
      const url = path.replace("{service}", service).replace("{trace}", trace).replace("{now}", String(Date.now()));
      const at = performance.now();
      const response = await fetch(`${base}${url}`);
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`${url} was answered with ${response.status}`);
      if (round >= 0) times[name].push(performance.now() - at);
    }
  }
  for (const list of Object.values(times)) list.sort((a, b) => a - b);
  return times;
}

async function recentTraces(base: string): Promise<string[]> {
  const response = await fetch(`${base}/api/traces?service=service-03&limit=100&lookback=24h`);
  const { data } = (await response.json()) as { readonly data: readonly { readonly traceID: string }[] };
  return data.map(({ traceID }) => traceID);
}
