// Durable ingest on the per-service set: spans per server CPU second, acknowledgement times, RSS, disk.
//   npm run bench -- ingest [--transport http|grpc] [--sizes 512,64,8,1] [--seconds 10] [--connections N] [--threads]
//     [--format otlp|zipkin-json|zipkin-proto|jaeger-thrift] [--dist dist] [--set storage.synchronous=normal]
//     [--peer jaeger=PATH] [--peer zipkin=JAR] [--peer spanloom=DIST] [--turns 5 [--together]] [--json]
// Peers run with their memory stores. With --turns each peer is sent the same in turn with us, a round of --seconds
// each, and what is told are the ratios of the pairs, with all the work that a round left behind. With --together both
// of a pair are sent it at the same time.
import { parseArgs } from "node:util";
import { FORMATS, type Format } from "./lib/formats.ts";
import { type IngestFigures, measureIngest } from "./lib/measure.ts";
import { measurePaired, type PairedFigures } from "./lib/paired.ts";
import { type StartedSystem, startPeer, startSpanloom } from "./lib/systems.ts";

const { values } = parseArgs({
  options: {
    transport: { type: "string", default: "http" },
    format: { type: "string" },
    turns: { type: "string", default: "0" },
    together: { type: "boolean", default: false },
    sizes: { type: "string", default: "512,64,8,1" },
    seconds: { type: "string", default: "10" },
    connections: { type: "string" },
    peer: { type: "string", multiple: true, default: [] },
    dist: { type: "string", default: "dist" },
    threads: { type: "boolean", default: false },
    set: { type: "string", multiple: true, default: [] },
    json: { type: "boolean", default: false },
  },
});
const { transport } = values;
if (transport !== "http" && transport !== "grpc") throw new Error(`--transport ${transport}: expected http or grpc`);

if (values.format !== undefined && !FORMATS.includes(values.format as Format)) {
  throw new Error(`--format ${values.format}: expected ${FORMATS.join(", ")}`);
}
if (transport === "grpc" && (values.format ?? "otlp") !== "otlp")
  throw new Error("--transport grpc: OTLP alone has it");
const format = values.format as Format | undefined;

const rows: (IngestFigures | PairedFigures)[] = [];
const ours = () => startSpanloom({ dist: values.dist, set: values.set });
for (const size of values.sizes.split(",").map(Number)) {
  if (Number(values.turns) > 0) for (const peer of values.peer) await inTurns(size, () => startPeer(peer));
  else {
    await measure(size, ours);
    for (const peer of values.peer) await measure(size, () => startPeer(peer));
  }
}
if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
else console.table(rows);

async function inTurns(spansPerRequest: number, startOther: () => Promise<StartedSystem>): Promise<void> {
  const server = await ours();
  try {
    const other = await startOther();
    try {
      const run = {
        transport: "http" as const,
        format: format ?? (other.urls.otlp === undefined ? "zipkin-json" : "otlp"),
        spansPerRequest,
        seconds: Number(values.seconds),
        ...(values.connections === undefined ? {} : { connections: Number(values.connections) }),
      };
      rows.push(await measurePaired(server, other, run, Number(values.turns), values.together));
      process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
    } finally {
      await other.stop();
    }
  } finally {
    await server.stop();
  }
}

async function measure(spansPerRequest: number, start: () => Promise<StartedSystem>): Promise<void> {
  const server = await start();
  try {
    const figures = await measureIngest(server, {
      transport: transport as "http" | "grpc",
      ...(format === undefined ? {} : { format }),
      spansPerRequest,
      seconds: Number(values.seconds),
      ...(values.connections === undefined ? {} : { connections: Number(values.connections) }),
      onThreads: (shares) => {
        // In the order the threads were started: main, V8's, ingest, export and query.
        const text = shares.map((share) => share.toFixed(2)).join(" ");
        if (values.threads) process.stderr.write(`  us/span by thread: ${text}\n`);
      },
    });
    rows.push(figures);
    process.stderr.write(`${JSON.stringify(figures)}\n`);
  } finally {
    await server.stop();
  }
}
