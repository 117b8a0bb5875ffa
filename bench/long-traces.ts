// Searches where every trace is kept open for hours: 50 traces of which each request has a span, 6,000 requests.
//   npm run bench -- long-traces [--traces 50] [--requests 6000] [--dist dist]
// Goal: the summaries ≤ 300 ms, RSS ≤ 400 MB. The first search after a start reads every block once.
import { parseArgs } from "node:util";
import { encodeTraces } from "../src/codec/otlp/message/encode.ts";
import { quantile } from "./lib/load.ts";
import { round } from "./lib/measure.ts";
import { startSpanloom } from "./lib/systems.ts";

const { values } = parseArgs({
  options: {
    traces: { type: "string", default: "50" },
    requests: { type: "string", default: "6000" },
    dist: { type: "string", default: "dist" },
  },
});
const [traces, requests] = [Number(values.traces), Number(values.requests)];
const ROUNDS = 20;
const SEARCHES: Readonly<Record<string, string>> = {
  newest: "limit=20",
  service: "limit=20&service=worker",
  longest: "limit=20&order=longest",
  "failed spans": "limit=20&errors=true",
};

const server = await startSpanloom({ dist: values.dist });
try {
  const start = BigInt(Date.now() - requests) * 1_000_000n;
  for (let request = 0; request < requests; request++) await send(request, start + BigInt(request) * 1_000_000n);
  const rows = [];
  const mebibytes = () => Math.round(server.rssBytes() / 1024 / 1024);
  const stored = mebibytes();
  for (const [what, query] of Object.entries(SEARCHES)) {
    const first = await search(query);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) times.push(await search(query));
    times.sort((a, b) => a - b);
    rows.push({
      what,
      firstMs: round(first),
      p50Ms: round(quantile(times, 0.5)),
      p99Ms: round(quantile(times, 0.99)),
      rssMebibytes: mebibytes(),
    });
  }
  process.stdout.write(`${requests * traces} spans in ${traces} traces; ${stored} MiB before the first search\n`);
  console.table(rows);
} finally {
  await server.stop();
}

async function send(request: number, time: bigint): Promise<void> {
  const spans = Array.from({ length: traces }, (_, trace) => ({
    traceId: (trace + 1).toString(16).padStart(32, "0"),
    spanId: (request * traces + trace + 1).toString(16).padStart(16, "0"),
    parentSpanId: request === 0 ? "" : (trace + 1).toString(16).padStart(16, "0"),
    name: `poll ${trace % 7}`,
    kind: 1,
    traceState: "",
    flags: 257,
    startTimeUnixNano: time,
    endTimeUnixNano: time + 500_000n,
    status: { code: request % 1_000 === 999 ? 2 : 0, message: "" },
    attributes: [],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
  }));
  const body = encodeTraces([
    {
      resource: {
        attributes: [{ key: "service.name", value: { type: "string", value: "worker" } }],
        droppedAttributesCount: 0,
        entityRefs: [],
      },
      schemaUrl: "",
      scopeSpans: [
        { scope: { name: "", version: "", attributes: [], droppedAttributesCount: 0 }, schemaUrl: "", spans },
      ],
    },
  ] as Parameters<typeof encodeTraces>[0]);
  const headers = { "content-type": "application/x-protobuf" };
  const response = await fetch(server.url, { method: "POST", headers, body: new Uint8Array(body) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`request ${request} was answered ${response.status}`);
}

/** How long the answer takes, ms. */
async function search(query: string): Promise<number> {
  const begun = performance.now();
  const response = await fetch(`${server.ui}/api/ui/search?${query}`);
  const { traces: found } = (await response.json()) as { traces: readonly unknown[] };
  if (found.length !== Math.min(20, traces)) throw new Error(`${query}: ${found.length} traces came`);
  return performance.now() - begun;
}
