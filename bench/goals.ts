// Every row of the goals in a short form, one after the other on this machine: goal, measured, and the peers beside it.
//   npm run bench -- goals [--seconds 5] [--rounds 3] [--spans 300000] [--dist dist] [--json]
//     [--only ingest,forwarding,reading] [--peer jaeger=PATH] [--peer zipkin=JAR]
// What is compared runs in turns, and each figure is the median of the rounds: a ratio of runs that do not follow one
// another says more about the machine than about the programs.
// Spans per CPU second stand beside other load better than times do; the load average is printed with them. What only a
// large store shows is measured by growth.ts.
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startBackgroundLoad } from "./lib/background-load.ts";
import { startBareServer } from "./lib/bare-server.ts";
import { measureForwarding, startSink } from "./lib/forwarding.ts";
import { httpSender } from "./lib/http-load.ts";
import { quantile, runLoad } from "./lib/load.ts";
import { type IngestFigures, measureIngest, requestsOf, round } from "./lib/measure.ts";
import { type QueryName, timeQueries } from "./lib/queries.ts";
import { type StartedSystem, startPeer, startSpanloom } from "./lib/systems.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "3" },
    spans: { type: "string", default: "300000" },
    dist: { type: "string", default: "dist" },
    peer: { type: "string", multiple: true, default: [] },
    only: { type: "string", default: "ingest,forwarding,reading" },
    json: { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
const { dist } = values;

interface Row {
  readonly what: string;
  readonly goal: string;
  readonly measured: number;
  readonly met: boolean;
  readonly load: number;
}
const rows: Row[] = [];

function atLeast(what: string, goal: number, measured: number): void {
  add(what, `>= ${goal}`, measured, measured >= goal);
}

function atMost(what: string, goal: number, measured: number): void {
  add(what, `<= ${goal}`, measured, measured <= goal);
}

function add(what: string, goal: string, measured: number, met: boolean): void {
  const row = { what, goal, measured: round(measured), met, load: round(loadavg()[0] as number) };
  rows.push(row);
  process.stderr.write(`${JSON.stringify(row)}\n`);
}

const INGEST_GOALS = { 512: 100_000, 64: 60_000, 8: 25_000, 1: 8_000 } as const;
/** The same goals as multiples of the peers' figures at 512 a request. */
const PEER_RATIOS: Readonly<Record<string, number>> = { jaeger: 3 };

const FORWARDING_GOALS = { otlp_http: 0.6, "otlp_http+gzip": 0.4, otlp: 0.6, "otlp+gzip": 0.4 } as const;

const QUERY_GOALS: Readonly<Partial<Record<QueryName, number>>> = {
  trace: 10,
  tag: 20,
  nothing: 50,
  services: 5,
  operations: 5,
  dependencies: 5,
};

/** Enough that the 99th percentile is not the slowest one. */
const QUERY_ROUNDS = 300;

const parts = { ingest, forwarding, reading } as const;
for (const name of values.only.split(",")) {
  const part = Object.hasOwn(parts, name) ? parts[name as keyof typeof parts] : undefined;
  if (part === undefined) throw new Error(`--only ${name}: expected ${Object.keys(parts).join(", ")}`);
  await part();
}
if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
else console.table(rows);
if (rows.some((row) => !row.met)) process.exitCode = 1;

async function ingest(): Promise<void> {
  for (const [size, goal] of Object.entries(INGEST_GOALS).map(([key, value]) => [Number(key), value] as const)) {
    const run = { spansPerRequest: size, seconds };
    const ours = () => startSpanloom({ dist });
    const http: IngestFigures[] = [];
    const grpcRatios: number[] = [];
    const peerRatios = new Map<string, number[]>();
    for (let r = 0; r < rounds; r++) {
      const figures = await withServer(ours, (server) => measureIngest(server, { transport: "http", ...run }));
      http.push(figures);
      const ratioTo = (other: IngestFigures) => figures.spansPerCpuSecond / other.spansPerCpuSecond;
      const grpc = await withServer(ours, (server) => measureIngest(server, { transport: "grpc", ...run }));
      grpcRatios.push(1 / ratioTo(grpc));
      if (size !== 512) continue;
      for (const peer of values.peer) {
        const other = await withServer(
          () => startPeer(peer),
          (server) => measureIngest(server, { transport: "http", ...run }),
        );
        peerRatios.set(other.system, [...(peerRatios.get(other.system) ?? []), ratioTo(other)]);
      }
    }
    atLeast(`ingest, ${size} a request, spans per CPU s`, goal, median(http.map((one) => one.spansPerCpuSecond)));
    if (size === 512) {
      atMost("RSS while ingesting at full speed, MiB", 300, median(http.map((one) => one.rssMebibytes)));
    }
    atLeast(`OTLP/gRPC, ${size} a request, of HTTP`, 0.8, median(grpcRatios));
    for (const [system, ratios] of peerRatios) {
      atLeast(`ingest, 512 a request, times ${system} in memory`, PEER_RATIOS[system] ?? 1, median(ratios));
    }
  }
}

async function forwarding(): Promise<void> {
  const sink = await startSink();
  const cases = Object.keys(FORWARDING_GOALS) as (keyof typeof FORWARDING_GOALS)[];
  const ratios = new Map(cases.map((which) => [which, [] as number[]]));
  try {
    const options = { dist, seconds, spansPerRequest: 512 };
    for (let r = 0; r < rounds; r++) {
      const alone = await measureForwarding("alone", sink, options);
      for (const which of cases) {
        const figures = await measureForwarding(which, sink, options);
        ratios.get(which)?.push(figures.spansPerCpuSecond / alone.spansPerCpuSecond);
      }
    }
  } finally {
    sink.stop();
  }
  for (const [which, list] of ratios) {
    atLeast(`forwarding to ${which}, of ingest alone`, FORWARDING_GOALS[which], median(list));
  }
}

/** Queries while ingest runs at half its speed, then starts after an end and after a kill. */
async function reading(): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), "spanloom-bench-data-"));
  try {
    await withServer(() => startSpanloom({ dist, data }), readingUnderLoad);
    const start = async () => {
      const at = performance.now();
      const server = await startSpanloom({ dist, data });
      return { server, ms: performance.now() - at };
    };
    const clean = await start();
    atMost("start on the stored spans, ms", 1_000, clean.ms);
    process.kill(clean.server.pid, "SIGKILL");
    await clean.server.stop();
    const killed = await start();
    atMost("start after kill -9, ms", 2_000, killed.ms);
    await killed.server.stop();
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

async function readingUnderLoad(server: StartedSystem): Promise<void> {
  const sender = httpSender(server.url, 4);
  const load = { pool: requestsOf(512), connections: 4, seconds: 300 };
  const filled = await runLoad({ ...load, firstPass: 1, maxSpans: Number(values.spans) }, sender.send);
  sender.close();
  const background = await startBackgroundLoad({
    url: server.url,
    connections: 4,
    spansPerRequest: 512,
    spansPerSecond: filled.spans / filled.seconds / 2,
    seconds: 120,
    firstPass: filled.nextPass,
  });
  const bare = await startBareServer();
  const times = await timeQueries(server.ui, QUERY_ROUNDS, bare.url);
  bare.stop();
  const beside = await background.stop();
  const share = (beside.spans / beside.seconds / (filled.spans / filled.seconds)).toFixed(2);
  const stored = Math.round(filled.spans / 1000);
  for (const [name, goal] of Object.entries(QUERY_GOALS) as [QueryName, number][]) {
    const what = (quantity: string) => `${name} query beside ${share} of full ingest, ${stored}k spans, ${quantity}`;
    atMost(what("p99 ms"), goal, quantile(times[name], 0.99));
    process.stderr.write(`  p50 ${round(quantile(times[name], 0.5))} p90 ${round(quantile(times[name], 0.9))}\n`);
  }
  const floor = `two bytes of a bare node:http server beside the same, p99 ms (p50 ${round(quantile(times.bare, 0.5))})`;
  add(floor, "the floor", quantile(times.bare, 0.99), true);
}

function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

async function withServer<T>(
  start: () => Promise<StartedSystem>,
  work: (server: StartedSystem) => Promise<T>,
): Promise<T> {
  const server = await start();
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}
