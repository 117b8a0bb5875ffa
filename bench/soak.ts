// Hours of a collector's life in less: a steady load while peers are killed, exporters meet outages, the config is
// loaded again, backups are made and checked, retention removes and people search.
//   npm run bench -- soak [--minutes 60] [--rate 2000] [--report soak.md] [--dist dist] [--set …]
// Ends with the report in Markdown, and with exit code 1 where memory, files or times grew, a request failed, or a span
// was not delivered to every destination.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Asker } from "./lib/asker.ts";
import { type BackgroundLoad, startBackgroundLoad } from "./lib/background-load.ts";
import { startDestination } from "./lib/destination.ts";
import { httpSender } from "./lib/http-load.ts";
import { quantile, runLoad } from "./lib/load.ts";
import { requestsOf, round } from "./lib/measure.ts";
import { QUERIES } from "./lib/queries.ts";
import { cpuOf } from "./lib/server-process.ts";
import { type Check, median, passed, type SoakMinute, soakReport } from "./lib/soak-report.ts";
import { startSpanloom } from "./lib/systems.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    rate: { type: "string", default: "2000" },
    report: { type: "string" },
    dist: { type: "string", default: "dist" },
    set: { type: "string", multiple: true, default: [] },
  },
});
const SIZE = 100;
/** So many that a slow moment of the machine does not lower the rate. */
const CONNECTIONS = 16;
/** Of the rate comes from a sender that is killed now and then. */
const MORTAL_SHARE = 0.1;
const LOOK_MS = 5_000;
const QUERY_MS = 500;
const DRAIN_MS = 120_000;
const MEBIBYTE = 1024 * 1024;
const rate = Number(values.rate);
const minutesAsked = Number(values.minutes);

const folder = mkdtempSync(join(tmpdir(), "spanloom-soak-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const destinations = {
  steady: await startDestination(),
  killed: await startDestination(),
  failing: await startDestination(),
};
const config = join(folder, "spanloom.yaml");
let reloads = 0;
/** A config that differs from the one before in what a reload takes over. */
function writeConfig(): void {
  writeFileSync(
    config,
    JSON.stringify({
      storage: {
        // So little that retention is at work from the first minutes on.
        retention: { max_mebibytes: 96 },
        segment: { max_mebibytes: 8, max_age_minutes: 2 },
        sealing: { min_age_minutes: 0.5 },
      },
      processors: { resource: { attributes: [{ key: "soak.reload", action: "upsert", value: `r${reloads}` }] } },
      exporters: Object.fromEntries(
        Object.entries(destinations).map(([name, { url }]) => [
          `otlp_http/${name}`,
          { endpoint: url, timeout_ms: 15_000, start_at: "oldest" },
        ]),
      ),
    }),
  );
}
writeConfig();
const server = await startSpanloom({ dist: values.dist, config, set: values.set });
const pause = (seconds: number) => new Promise((done) => setTimeout(done, seconds * 1000));
const answers = (url: string) =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
const main = join(resolve(values.dist), "cli/main.js");

let mortal: BackgroundLoad | undefined;

/** Sum of a metric over its series whose labels hold `label`. */
function metricIn(text: string, name: string, label = ""): number {
  const lines = text.matchAll(new RegExp(`^${name}(?:\\{([^}]*)\\})? (\\S+)$`, "gm"));
  return [...lines].reduce((sum, [, labels = "", value]) => (labels.includes(label) ? sum + Number(value) : sum), 0);
}
const metrics = async () => (await fetch(`${server.ui}/metrics`)).text();

/** Seconds of CPU that all of the machine was busy. */
function machineSeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

/** CPU seconds of this process and of the senders and destinations that it started, those that were killed left out. */
function ownSeconds(): number {
  const { user, system } = process.cpuUsage();
  const pids = [...Object.values(destinations), ...(mortal === undefined ? [] : [mortal])].map(({ pid }) => pid);
  const files = pids.map((pid) => `/proc/${pid}/stat`).filter(existsSync);
  return (user + system) / 1e6 + files.reduce((sum, file) => sum + cpuOf(file), 0);
}

// What is looked at all along.
let looks: { rss: number; files: number; heap: number; external: number; disk: number; backlog: number }[] = [];
async function look(): Promise<void> {
  const text = await metrics();
  const lags = [...text.matchAll(/^spanloom_exporter_lag_spans\{[^}]*\} (\S+)$/gm)].map(([, value]) => Number(value));
  looks.push({
    rss: server.rssBytes() / MEBIBYTE,
    files: readdirSync(`/proc/${server.pid}/fd`).length,
    heap: metricIn(text, "nodejs_heap_size_used_bytes") / MEBIBYTE,
    external: metricIn(text, "nodejs_external_memory_bytes") / MEBIBYTE,
    disk: metricIn(text, "spanloom_storage_disk_bytes") / MEBIBYTE,
    backlog: Math.max(0, ...lags),
  });
}

// What people ask, one question after the other.
let queryTimes: number[] = [];
let failedQueries = 0;
let asked = 0;
// The read APIs come last.
for (const end = Date.now() + 30_000; !(await answers(`${server.ui}/readyz`)) && Date.now() < end; ) await pause(0.1);
let asker = await Asker.connect(server.ui);
let traces: string[] = [];
async function ask(): Promise<void> {
  const paths = Object.values(QUERIES);
  if (asked % (paths.length * 8) === 0) {
    const response = await fetch(`${server.ui}/api/traces?service=service-03&limit=8&lookback=1h`);
    traces = ((await response.json()) as { data: { traceID: string }[] }).data.map(({ traceID }) => traceID);
  }
  const path = (paths[asked % paths.length] as string)
    .replace("{service}", `service-${String(asked % 16).padStart(2, "0")}`)
    .replace("{trace}", traces[asked % Math.max(1, traces.length)] ?? "")
    .replace("{now}", String(Date.now()));
  asked++;
  // A trace may be gone: retention removes them.
  if (path.endsWith("/traces/")) return;
  try {
    queryTimes.push(await asker.ask(path));
  } catch (error) {
    if (!/answered with 404/.test(String(error))) {
      failedQueries++;
      happened(`query failed: ${error instanceof Error ? error.message : error}`);
    }
    asker.close();
    asker = await Asker.connect(server.ui);
  }
}

// What goes wrong, and what people do beside it.
let faults: string[] = [];
const happened = (what: string) => void faults.push(what);

async function killPeer(): Promise<void> {
  destinations.killed.kill();
  await pause(15);
  await destinations.killed.restart();
  happened("a destination was killed and came back");
}

let outages = 0;
async function outage(): Promise<void> {
  const how = outages++ % 2 === 0 ? "refuse" : "silence";
  destinations.failing.behave(how);
  await pause(40);
  destinations.failing.behave("take");
  happened(how === "refuse" ? "a destination refused for 40 s" : "a destination answered nothing for 40 s");
}

let senders = 0;
async function killSender(): Promise<void> {
  mortal?.kill();
  if (mortal !== undefined) happened("a sender was killed");
  mortal = await startBackgroundLoad({
    url: server.url,
    connections: 2,
    spansPerRequest: SIZE,
    spansPerSecond: rate * MORTAL_SHARE,
    seconds: 1e6,
    firstPass: 1_000_000 * ++senders,
  });
}

const failedChores: string[] = [];
async function command(...args: string[]): Promise<number> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = (await once(child, "exit")) as [number];
  return code;
}

let backups = 0;
async function backUp(): Promise<void> {
  const copy = join(folder, `backup-${++backups}`);
  const made = await command("db", "backup", "--data", join(server.folder, "data"), copy);
  const checked = made === 0 ? await command("db", "check", "--data", copy) : 0;
  rmSync(copy, { recursive: true, force: true });
  happened("a backup was made and checked");
  if (made !== 0 || checked !== 0) failedChores.push(`backup ${backups}: exit code ${made}, its check ${checked}`);
}

async function reload(): Promise<void> {
  reloads++;
  writeConfig();
  process.kill(server.pid, "SIGHUP");
  const tags = encodeURIComponent(JSON.stringify({ "soak.reload": `r${reloads}` }));
  for (const end = Date.now() + 30_000; ; await pause(1)) {
    const response = await fetch(`${server.ui}/api/traces?service=service-01&limit=1&lookback=1h&tags=${tags}`);
    if (((await response.json()) as { data: unknown[] }).data.length > 0) break;
    if (Date.now() > end) {
      failedChores.push(`reload ${reloads}: no span has what it sets`);
      break;
    }
  }
  happened("the config was loaded again");
}

/** Does something every so many seconds, one after the other, until told to stop. */
function every(seconds: number, what: () => Promise<void>, first = seconds): () => Promise<void> {
  let stopped = false;
  let wake = () => {};
  const running = (async () => {
    for (let wait = first; !stopped; wait = seconds) {
      await new Promise<void>((done) => {
        const timer = setTimeout(done, wait * 1000);
        wake = () => {
          clearTimeout(timer);
          done();
        };
      });
      if (stopped) break;
      await what().catch((error: unknown) => failedChores.push(`${what.name}: ${error}`));
    }
  })();
  return () => {
    stopped = true;
    wake();
    return running;
  };
}

const minutes: SoakMinute[] = [];
const stops = [
  every(LOOK_MS / 1000, look, 1),
  every(QUERY_MS / 1000, ask, 5),
  every(97, killSender, 0),
  every(90, killPeer, 20),
  every(120, outage, 50),
  every(60, reload, 35),
  every(150, backUp, 75),
];
const pool = requestsOf(SIZE).filter(({ spans }) => spans === SIZE);
const sender = httpSender(server.url, CONNECTIONS);
const startedAt = new Date();
let acknowledged = 0;
let failed = 0;
let firstPass = 1;
for (let minute = 1; minute <= minutesAsked; minute++) {
  const before = { server: server.cpuSeconds(), machine: machineSeconds(), own: ownSeconds(), at: performance.now() };
  const result = await runLoad(
    { pool, connections: CONNECTIONS, seconds: 60, firstPass, spansPerSecond: rate * (1 - MORTAL_SHARE) },
    sender.send,
  );
  firstPass = result.nextPass;
  acknowledged += result.spans;
  failed += result.failed;
  const seconds = (performance.now() - before.at) / 1000;
  const cores = (server.cpuSeconds() - before.server) / seconds;
  const own = Math.max(0, ownSeconds() - before.own) / seconds;
  const times = queryTimes.sort((a, b) => a - b);
  const [seen, said] = [looks, faults];
  [looks, queryTimes, faults] = [[], [], []];
  const medianOf = (name: keyof (typeof seen)[number]) => Math.round(median(seen.map((one) => one[name])));
  minutes.push({
    minute,
    spansPerSecond: Math.round(result.spans / result.seconds),
    failedRequests: result.failed,
    ackP50Ms: round(quantile(result.latencies, 0.5)),
    ackP99Ms: round(quantile(result.latencies, 0.99)),
    queryP50Ms: round(quantile(times, 0.5)),
    queryP99Ms: round(quantile(times, 0.99)),
    rssMebibytes: medianOf("rss"),
    openFiles: medianOf("files"),
    heapMebibytes: Math.round(Math.min(...seen.map(({ heap }) => heap))),
    externalMebibytes: medianOf("external"),
    diskMebibytes: medianOf("disk"),
    backlogSpans: Math.max(...seen.map(({ backlog }) => backlog)),
    cores: round(cores),
    otherCores: round(Math.max(0, (machineSeconds() - before.machine) / seconds - cores - own)),
    faults: [...count(said)],
  });
  process.stderr.write(`${JSON.stringify(minutes.at(-1))} load ${loadavg()[0]?.toFixed(1)}\n`);
}

function* count(said: readonly string[]): Generator<string> {
  for (const what of new Set(said)) {
    const times = said.filter((one) => one === what).length;
    yield times === 1 ? what : `${times} × ${what}`;
  }
}

await Promise.all(stops.map((stop) => stop()));
mortal?.kill();
sender.close();
asker.close();
// What the killed sender had under way is stored or not: the log has the number.
await pause(2);
const end = performance.now() + DRAIN_MS;
while (metricIn(await metrics(), "spanloom_exporter_lag_spans") > 0 && performance.now() < end) await pause(0.5);
const text = await metrics();
const committed = metricIn(text, "spanloom_storage_committed_spans_total");
const kept = acknowledged / (minutesAsked * 60) / (rate * (1 - MORTAL_SHARE));
const checks: Check[] = [
  { what: `the load was as asked for (${Math.round(kept * 100)} % of it)`, holds: kept > 0.95 },
  { what: `no request of the steady sender failed (${failed} did)`, holds: failed === 0 },
  { what: `what was acknowledged, ${acknowledged} spans, is stored`, holds: committed >= acknowledged },
  { what: `no query failed (${failedQueries} did)`, holds: failedQueries === 0 },
  {
    what: `${backups} backups and ${reloads} reloads went well${failedChores.map((one) => `; ${one}`).join("")}`,
    holds: failedChores.length === 0,
  },
  {
    what: `retention removed ${metricIn(text, "spanloom_storage_removed_spans_total")} spans`,
    holds: minutesAsked < 15 || metricIn(text, "spanloom_storage_removed_spans_total") > 0,
  },
  {
    what: "no thread was started again",
    holds: metricIn(text, "spanloom_storage_thread_restarts_total") === 0,
  },
  ...Object.keys(destinations).map((name) => {
    const delivered = metricIn(text, "spanloom_exporter_delivered_spans_total", `"otlp_http/${name}"`);
    const lost = metricIn(text, "spanloom_exporter_lost_spans_total", `"otlp_http/${name}"`);
    const what = `${name} got all ${committed} spans (${delivered} delivered, ${lost} lost)`;
    return { what, holds: delivered === committed };
  }),
];
const took = await destinations.steady.taken();
checks.push({ what: `the steady destination counted ${took} itself`, holds: took >= committed });
await server.stop();
for (const { stop } of Object.values(destinations)) stop();
const head =
  `${minutesAsked} minutes at ${rate} spans/s in requests of ${SIZE}, from ${startedAt.toISOString().slice(0, 16)}Z, ` +
  `on ${cpus().length} cores that others used too.`;
const report = soakReport(head, minutes, checks);
if (values.report !== undefined) writeFileSync(values.report, report);
process.stdout.write(report);
process.exit(passed(minutes, checks) ? 0 : 1);
