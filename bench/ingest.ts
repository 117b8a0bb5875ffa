// Durable ingest over OTLP/HTTP on the per-service set: spans per server CPU second, acknowledgement times, RSS, disk.
//   npm run bench -- ingest [--sizes 512,64,8,1] [--seconds 10] [--connections 4] [--json]
//   [--peer jaeger=/path/to/jaeger]   measured beside it, memory store
import { createServer } from "node:net";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { httpLoad, quantile } from "./lib/http-load.ts";
import { perServiceSet } from "./lib/per-service-set.ts";
import { type MeasuredServer, startServer } from "./lib/server-process.ts";

const { values } = parseArgs({
  options: {
    sizes: { type: "string", default: "512,64,8,1" },
    seconds: { type: "string", default: "10" },
    connections: { type: "string", default: "4" },
    peer: { type: "string", multiple: true, default: [] },
    dist: { type: "string", default: "dist" },
    threads: { type: "boolean", default: false },
    set: { type: "string", multiple: true, default: [] },
    json: { type: "boolean", default: false },
  },
});

interface Row {
  readonly system: string;
  readonly spansPerRequest: number;
  readonly spansPerCpuSecond: number;
  readonly spansPerSecond: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly rssMebibytes: number;
  readonly diskBytesPerSpan: number;
  readonly failedRequests: number;
}

const ROOT = process.cwd();
const rows: Row[] = [];
for (const size of values.sizes.split(",").map(Number)) {
  await measure("spanloom", size, startSpanloom);
  for (const peer of values.peer) {
    const [name, path] = peer.split("=", 2) as [string, string];
    if (name !== "jaeger") throw new Error(`--peer ${name}: known peers of this benchmark: jaeger`);
    await measure(name, size, (port) => startJaeger(path, port));
  }
}
if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
else console.table(rows);

async function measure(system: string, size: number, start: (port: number) => Promise<MeasuredServer>): Promise<void> {
  const port = await freePort();
  const server = await start(port);
  try {
    const pool = perServiceSet(Math.max(800, Math.ceil((size * 16 * 4) / 20)), size).filter(
      (one) => one.spans === size || size > 64,
    );
    const load = { url: `http://127.0.0.1:${port}/v1/traces`, pool, connections: Number(values.connections) };
    const warm = await httpLoad({ ...load, seconds: Math.min(3, Number(values.seconds) / 2), firstPass: 1 });
    const cpu = server.cpuSeconds();
    const threads = server.threads();
    const result = await httpLoad({ ...load, seconds: Number(values.seconds), firstPass: warm.nextPass });
    const used = server.cpuSeconds() - cpu;
    rows.push({
      system,
      spansPerRequest: size,
      spansPerCpuSecond: Math.round(result.spans / used),
      spansPerSecond: Math.round(result.spans / result.seconds),
      ackP50Ms: round(quantile(result.latencies, 0.5)),
      ackP99Ms: round(quantile(result.latencies, 0.99)),
      rssMebibytes: Math.round(server.rssBytes() / 1024 / 1024),
      diskBytesPerSpan: Math.round(server.diskBytes() / (warm.spans + result.spans)),
      failedRequests: result.failed + warm.failed,
    });
    process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
    if (values.threads) process.stderr.write(`${threadShares(threads, server.threads(), result.spans)}\n`);
  } finally {
    await server.stop();
  }
}

/** Microseconds of CPU a span, thread by thread in the order they were started: main, V8's, ingest, export and query. */
function threadShares(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>, spans: number): string {
  const shares = [...after].map(([id, seconds]) => ((seconds - (before.get(id) ?? 0)) * 1e6) / spans);
  return `  us/span by thread: ${shares.map((share) => share.toFixed(2)).join(" ")}`;
}

function startSpanloom(port: number): Promise<MeasuredServer> {
  const args = (folder: string) => [
    join(ROOT, values.dist, "cli/main.js"),
    "--data",
    join(folder, "data"),
    "--otlp-http",
    `127.0.0.1:${port}`,
    "--otlp-grpc",
    "127.0.0.1:0",
    "--ui",
    "127.0.0.1:0",
    ...values.set.flatMap((assignment) => ["--set", assignment]),
  ];
  return startServer(process.execPath, args, () => answers(port));
}

async function startJaeger(path: string, port: number): Promise<MeasuredServer> {
  const [grpc, ui] = [await freePort(), await freePort()];
  const args = () => [
    `--set=receivers.otlp.protocols.http.endpoint=127.0.0.1:${port}`,
    `--set=receivers.otlp.protocols.grpc.endpoint=127.0.0.1:${grpc}`,
    `--set=extensions.jaeger_query.http.endpoint=127.0.0.1:${ui}`,
  ];
  return startServer(path, args, () => answers(port));
}

async function answers(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: new Uint8Array(0),
  });
  return response.ok;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
