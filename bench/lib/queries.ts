import { Asker } from "./asker.ts";

/**
 * Jaeger's query API, which every system but Zipkin has: what people and dashboards ask. `{service}` and `{trace}`
 * vary.
 */
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

/** Of every query, and of the bare server asked in turn with them, ms, sorted. */
export type QueryTimes = Record<QueryName | "bare", number[]>;

/**
 * Times of every query. The first round is not counted: it loads what later ones find in memory.
 * @param bare a server that does nothing: what an answer takes on this machine at this time, whoever gives it
 */
export async function timeQueries(base: string, rounds: number, bare?: string): Promise<QueryTimes> {
  const names = [...Object.keys(QUERIES), "bare"];
  const times = Object.fromEntries(names.map((name) => [name, []])) as unknown as QueryTimes;
  const traces = await recentTraces(base);
  const asker = await Asker.connect(base);
  const idle = bare === undefined ? undefined : await Asker.connect(bare);
  for (let round = -1; round < rounds; round++) {
    for (const [name, path] of Object.entries(QUERIES) as [QueryName, string][]) {
      const service = `service-${String((round + 1) % 16).padStart(2, "0")}`;
      const trace = traces[(round + 1) % Math.max(1, traces.length)] ?? "";
      const url = path.replace("{service}", service).replace("{trace}", trace).replace("{now}", String(Date.now()));
      const took = await asker.ask(url);
      if (round >= 0) times[name].push(took);
    }
    if (idle === undefined) continue;
    const took = await idle.ask("/");
    if (round >= 0) times.bare.push(took);
  }
  asker.close();
  idle?.close();
  for (const list of Object.values(times)) list.sort((a, b) => a - b);
  return times;
}

async function recentTraces(base: string): Promise<string[]> {
  const response = await fetch(`${base}/api/traces?service=service-03&limit=100&lookback=24h`);
  const { data } = (await response.json()) as { readonly data: readonly { readonly traceID: string }[] };
  return data.map(({ traceID }) => traceID);
}
