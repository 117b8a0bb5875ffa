// Durable ingest on the per-service set: spans per server CPU second, acknowledgement times, RSS, disk.
//   npm run bench -- ingest [--transport http|grpc] [--sizes 512,64,8,1] [--seconds 10] [--connections N] [--threads]
//     [--dist dist] [--set storage.synchronous=normal] [--peer jaeger=PATH] [--peer zipkin=JAR] [--json]
// Peers run beside it with their memory stores.
import { parseArgs } from "node:util";
import { type IngestFigures, measureIngest } from "./lib/measure.ts";
import { type StartedSystem, startPeer, startSpanloom } from "./lib/systems.ts";

const { values } = parseArgs({
  options: {
    transport: { type: "string", default: "http" },
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

const rows: IngestFigures[] = [];
for (const size of values.sizes.split(",").map(Number)) {
  await measure(size, () => startSpanloom({ dist: values.dist, set: values.set }));
  for (const peer of values.peer) await measure(size, () => startPeer(peer));
}
if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
else console.table(rows);

async function measure(spansPerRequest: number, start: () => Promise<StartedSystem>): Promise<void> {
  const server = await start();
  try {
    const figures = await measureIngest(server, {
      transport: transport as "http" | "grpc",
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
