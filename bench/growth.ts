// What the collector costs as its store grows: ingest rate, acknowledgements, queries, RSS and disk at steps, as CSV.
//   npm run bench -- growth [--spans 10000000] [--steps 10] [--rounds 30] [--dist dist] [--set …] > growth.csv
// Queries run between the steps, without load, so that the column is what the size of the store does to them. With
// `--rounds 0` nobody asks anything: what ingest alone takes.
import { parseArgs } from "node:util";
import { httpSender } from "./lib/http-load.ts";
import { connectionsFor, quantile, runLoad } from "./lib/load.ts";
import { requestsOf, round } from "./lib/measure.ts";
import { QUERIES, type QueryName, timeQueries } from "./lib/queries.ts";
import { startSpanloom } from "./lib/systems.ts";

const { values } = parseArgs({
  options: {
    spans: { type: "string", default: "10000000" },
    steps: { type: "string", default: "10" },
    rounds: { type: "string", default: "30" },
    dist: { type: "string", default: "dist" },
    set: { type: "string", multiple: true, default: [] },
  },
});
const SIZE = 512;
const rounds = Number(values.rounds);
const total = Number(values.spans);
const step = Math.ceil(total / Number(values.steps));
const names = Object.keys(QUERIES) as QueryName[];
const server = await startSpanloom({ dist: values.dist, set: values.set });
const connections = connectionsFor(SIZE);
const sender = httpSender(server.url, connections);
try {
  const columns = names.flatMap((name) => [`${name}_p50_ms`, `${name}_p99_ms`]);
  print([
    "spans",
    "spans_per_cpu_s",
    "spans_per_s",
    "ack_p50_ms",
    "ack_p99_ms",
    "rss_mib",
    "disk_b_per_span",
    ...columns,
  ]);
  const pool = requestsOf(SIZE);
  let spans = 0;
  let firstPass = 1;
  while (spans < total) {
    const cpu = server.cpuSeconds();
    const result = await runLoad({ pool, connections, seconds: 600, firstPass, maxSpans: step }, sender.send);
    const used = server.cpuSeconds() - cpu;
    if (result.spans === 0) throw new Error("no request was acknowledged");
    firstPass = result.nextPass;
    spans += result.spans;
    const rss = server.rssBytes();
    const disk = server.diskBytes();
    const times = rounds > 0 ? await timeQueries(server.ui, rounds) : undefined;
    print([
      spans,
      Math.round(result.spans / used),
      Math.round(result.spans / result.seconds),
      round(quantile(result.latencies, 0.5)),
      round(quantile(result.latencies, 0.99)),
      Math.round(rss / 1024 / 1024),
      Math.round(disk / spans),
      ...names.flatMap((name) => [0.5, 0.99].map((q) => (times === undefined ? "" : round(quantile(times[name], q))))),
    ]);
  }
} finally {
  sender.close();
  await server.stop();
}

function print(cells: readonly (string | number)[]): void {
  process.stdout.write(`${cells.join(",")}\n`);
}
