// Small requests that inflate to large ones, one after the other, each on a fresh collector with honest senders beside
// it: seconds for each 10 MiB, how far the RSS rises, and how long the honest senders wait meanwhile. npm run bench --
// hostile [--mib 60] [--only TEXT] [--dist dist] [--grpc 60] [--json] The goals: at most 1 s for each 10 MiB, RSS + 256
// MiB (gRPC: + 128 MiB), p99 of the honest at most 500 ms.
import { connect } from "node:http2";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { type HostileBody, hostileBodies } from "./lib/hostile-bodies.ts";
import { httpSender } from "./lib/http-load.ts";
import { quantile, runLoad } from "./lib/load.ts";
import { requestsOf, round } from "./lib/measure.ts";
import { type StartedSystem, startSpanloom } from "./lib/systems.ts";

const { values } = parseArgs({
  options: {
    mib: { type: "string", default: "60" },
    only: { type: "string", default: "" },
    dist: { type: "string", default: "dist" },
    grpc: { type: "string", default: "60" },
    json: { type: "boolean", default: false },
  },
});
const MIB = 1024 * 1024;
const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

interface Figures {
  readonly body: string;
  readonly sentKb: number;
  readonly answer: string;
  readonly secondsPer10Mib: number;
  readonly rssRiseMib: number;
  readonly honestP50Ms: number;
  readonly honestP99Ms: number;
  readonly honestFailed: number;
}

const rows: Figures[] = [];
for (const body of hostileBodies(Number(values.mib) * MIB)) {
  const name = `${body.format}: ${body.name}`;
  if (name.includes(values.only)) await measure(name, body.gzip.length, body.inflated, (server) => post(server, body));
}
const messages = Number(values.grpc);
if (messages > 0 && "grpc".includes(values.only)) {
  const message = gzipSync(Buffer.alloc(64 * MIB - 100));
  const name = `grpc: ${messages} messages of 64 MiB on one connection`;
  await measure(name, messages * message.length, messages * 64 * MIB, (server) => flood(server, message, messages));
}
if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
else console.table(rows);

async function measure(
  name: string,
  sent: number,
  inflated: number,
  attack: (server: StartedSystem) => Promise<string>,
): Promise<void> {
  const server = await startSpanloom({ dist: values.dist });
  const sender = httpSender(server.url, 4);
  const pool = requestsOf(8);
  const honest = { pool, connections: 4, spansPerSecond: 800 };
  const ending = new AbortController();
  try {
    const warm = await runLoad({ ...honest, seconds: 4, firstPass: 1 }, sender.send);
    const before = server.rssBytes();
    let highest = before;
    const sampling = setInterval(() => {
      highest = Math.max(highest, server.rssBytes());
    }, 25);
    const loaded = runLoad({ ...honest, seconds: 600, firstPass: warm.nextPass, signal: ending.signal }, sender.send);
    const started = performance.now();
    const answer = await attack(server);
    const seconds = (performance.now() - started) / 1_000;
    ending.abort();
    const { latencies, failed } = await loaded;
    clearInterval(sampling);
    const figures: Figures = {
      body: name,
      sentKb: Math.round(sent / 1_000),
      answer,
      secondsPer10Mib: round((seconds * 10 * MIB) / inflated),
      rssRiseMib: Math.round((highest - before) / MIB),
      honestP50Ms: round(quantile(latencies, 0.5)),
      honestP99Ms: round(quantile(latencies, 0.99)),
      honestFailed: failed,
    };
    rows.push(figures);
    process.stderr.write(`${JSON.stringify(figures)}\n`);
  } finally {
    sender.close();
    await server.stop();
  }
}

async function post({ url }: StartedSystem, { format, gzip }: HostileBody): Promise<string> {
  const type = format === "json" ? "application/json" : "application/x-protobuf";
  const headers = { "content-type": type, "content-encoding": "gzip" };
  const response = await fetch(url, { method: "POST", headers, body: new Uint8Array(gzip) });
  const text = Buffer.from(await response.arrayBuffer()).toString("latin1");
  return `${response.status} ${text.replace(/[^ -~]+/g, "").slice(0, 60)}`;
}

/** How often each status came. */
async function flood({ grpc }: StartedSystem, message: Buffer, count: number): Promise<string> {
  const session = connect(`http://${grpc}`);
  const frame = Buffer.alloc(5);
  frame[0] = 1;
  frame.writeUInt32BE(message.length, 1);
  const codes = new Map<string, number>();
  const one = () =>
    new Promise<void>((resolve) => {
      const stream = session.request({
        ":method": "POST",
        ":path": EXPORT,
        "content-type": "application/grpc",
        "grpc-encoding": "gzip",
        te: "trailers",
      });
      const note = (headers: Readonly<Record<string, unknown>>) => {
        if (headers["grpc-status"] === undefined) return;
        const code = `status ${headers["grpc-status"]}`;
        codes.set(code, (codes.get(code) ?? 0) + 1);
      };
      stream.on("response", note);
      stream.on("trailers", note);
      stream.on("error", () => {});
      stream.on("close", resolve);
      stream.resume();
      stream.end(Buffer.concat([frame, message]));
    });
  await Promise.all(Array.from({ length: count }, one));
  session.close();
  return Array.from(codes, ([code, times]) => `${code}: ${times}`).join(", ");
}
