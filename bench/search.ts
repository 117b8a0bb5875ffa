/**
 * How long reading takes: one process writes many spans to a temporary folder, another then asks, in one thread; with
 * `--ingest` once more while the first goes on writing, at half its speed. Run:
 *
 * npx rolldown bench/search.ts --platform node --format esm --external better-sqlite3 --file
 * node_modules/.cache/bench-search.mjs node node_modules/.cache/bench-search.mjs [spans, default 500000] [--ingest]
 * [--only=part of a name]
 *
 * The per-service set: 512 spans a request of one service, 0.58 traces a span, so that nearly every trace is spread
 * over many blocks.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TraceScanner } from "../src/codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../src/codec/otlp/scan/scan-result.ts";
import type { PreparedBatch } from "../src/component/ingest.ts";
import { SILENT_LOGGER } from "../src/component/logger.ts";
import { Metrics } from "../src/component/metrics.ts";
import type { SpanFilter } from "../src/model/trace-query.ts";
import { DependencyAggregator } from "../src/storage/aggregates/dependency-aggregator.ts";
import { RedAggregator } from "../src/storage/aggregates/red-aggregator.ts";
import { openConsumersDb } from "../src/storage/consumers/consumers-db.ts";
import { CONSUMERS_FILE, SEGMENTS_FOLDER } from "../src/storage/folder/layout.ts";
import { LogWriter } from "../src/storage/log/log-writer.ts";
import { SegmentSet } from "../src/storage/log/segment-set.ts";
import { fileAccess, StoredSource } from "../src/storage/log/stored-source.ts";
import { createTraceReader } from "../src/storage/read/trace-reader.ts";
import { betterSqlite3Driver } from "../src/storage/sqlite/better-sqlite3-driver.ts";
import { type LoadRequest, perServiceSet, refresh } from "./lib/per-service-set.ts";

const WRITER = "--writer";
const REQUEST_ID = "request.id";
const ONLY = process.argv.find((arg) => arg.startsWith("--only="))?.slice("--only=".length) ?? "";
const signal = new AbortController().signal;
const figures: Record<string, string | number>[] = [];

const equals = (key: string, value: string): SpanFilter => ({
  op: "compare",
  field: { scope: "any", key },
  is: "=",
  value: { type: "text", value },
});
const service = (n: number): SpanFilter => ({
  op: "compare",
  field: { intrinsic: "service" },
  is: "=",
  value: { type: "text", value: `service-${String(n % 16).padStart(2, "0")}` },
});
const slow = (ns: bigint): SpanFilter => ({
  op: "compare",
  field: { intrinsic: "duration" },
  is: ">",
  value: { type: "int", value: ns },
});

if (process.argv[2] === WRITER) {
  await runWriter(process.argv[3] as string, Number(process.argv[4]));
} else {
  const folder = mkdtempSync(join(tmpdir(), "spanloom-bench-"));
  mkdirSync(join(folder, SEGMENTS_FOLDER), { recursive: true });
  const writer = fork(process.argv[1] as string, [WRITER, folder, process.argv[2] ?? "500000"], {
    serialization: "advanced",
  });
  try {
    const [traceIds] = (await once(writer, "message")) as [readonly Uint8Array[]];
    for (const ingesting of process.argv.includes("--ingest") ? [false, true] : [false]) {
      if (ingesting) writer.send("go on");
      await ask(folder, traceIds);
      process.stdout.write(`${ingesting ? "while ingest runs at half speed" : "at rest"}; load ${loadavg()[0]}\n`);
      console.table(figures.splice(0));
    }
  } finally {
    writer.kill("SIGKILL");
    await once(writer, "exit");
    rmSync(folder, { recursive: true });
  }
}

/** Writes spans and their aggregates, tells the parent some trace ids, and when told so goes on at half its speed. */
async function runWriter(folder: string, spans: number): Promise<void> {
  const segments = new SegmentSet({
    driver: betterSqlite3Driver,
    folder,
    synchronous: "normal",
    logger: SILENT_LOGGER,
  });
  const log = new LogWriter({
    segments,
    limits: { maxSpans: 1_000_000, maxBytes: 1e9, maxAgeMs: 1e9 },
    logger: SILENT_LOGGER,
    metrics: new Metrics(),
    now: Date.now,
  });
  const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
  const dependencies = new DependencyAggregator();
  const red = new RedAggregator();
  const pool = perServiceSet(3_000, 512);
  const traceIds: Uint8Array[] = [];
  const times = { write: 0, dependencies: 0, red: 0 };
  let pass = 0;
  const append = (request: LoadRequest) => {
    refresh(request, pass);
    renewRequestIds(request.body, pass);
    const scan = scanner.scan(request.body);
    const batch: PreparedBatch = {
      ...scan,
      body: request.body,
      keep: undefined,
      result: { accepted: 0, rejected: 0, message: "" },
    };
    if (traceIds.length < 20_000) traceIds.push(scan.columns.traceIds.slice(0, 16));
    timed(times, "write", () => {
      log.add(batch, Date.now());
      log.commit();
      log.settle(false);
    });
    const stored = { receivedAtMs: Date.now(), columns: scan.columns };
    timed(times, "dependencies", () => dependencies.consume(stored));
    timed(times, "red", () => red.consume(stored));
    return scan.columns.count;
  };
  let written = 0;
  for (; written < spans; pass++) for (const request of pool) written += append(request);
  const { db } = openConsumersDb(betterSqlite3Driver, join(folder, CONSUMERS_FILE), SILENT_LOGGER);
  dependencies.load(db);
  red.load(db);
  const started = performance.now();
  db.transaction(() => {
    dependencies.flush(db);
    red.flush(db);
  });
  process.stdout.write(`${written} spans written; ns a span:`);
  for (const [name, ms] of Object.entries(times)) process.stdout.write(` ${name} ${Math.round((ms * 1e6) / written)}`);
  process.stdout.write(`; aggregates flushed in ${Math.round(performance.now() - started)} ms\n`);
  process.send?.(traceIds);
  await once(process, "message");
  for (; ; pass++) {
    for (const request of pool) {
      const began = performance.now();
      append(request);
      await sleep(performance.now() - began);
    }
  }
}

/** Passes that share all their values would share every false positive of their blooms as well. */
function renewRequestIds(body: Buffer, pass: number): void {
  const digits = pass.toString(16).padStart(8, "0");
  for (let at = body.indexOf(REQUEST_ID); at >= 0; at = body.indexOf(REQUEST_ID, at + 1)) {
    // Behind the key come tag and length of the value, then tag and length of its text.
    body.write(digits, at + REQUEST_ID.length + 4, "latin1");
  }
}

async function ask(folder: string, traceIds: readonly Uint8Array[]): Promise<void> {
  const source = new StoredSource(fileAccess(betterSqlite3Driver, folder), (_, reason) => {
    throw new Error(reason);
  });
  const reader = createTraceReader(source);
  const find = (filter: SpanFilter, limit = 20) => reader.find({ filter, limit }, signal);
  const byId = (i: number) => reader.trace(traceIds[(i * 7919) % traceIds.length] as Uint8Array, signal);
  await measure("first call: loads blooms and trace tables", 1, () =>
    reader.find({ filter: { op: "all" }, limit: 1 }, signal),
  );
  await measure("trace by id", 200, byId, 10);
  await measure("unknown trace id", 200, (i) =>
    reader.trace(
      Uint8Array.from({ length: 16 }, () => i + 1),
      signal,
    ),
  );
  await measure("newest 20", 20, () => find({ op: "all" }));
  await measure("service, limit 20", 32, (i) => find(service(i)));
  await measure(
    "service + tag, limit 20",
    32,
    (i) => find({ op: "and", of: [service(i), equals("tenant", `tenant-${i % 40}`)] }),
    20,
  );
  await measure("service + min duration, limit 20", 32, (i) =>
    find({ op: "and", of: [service(i), slow(29_900_000n)] }),
  );
  await measure("tag that matches nothing", 32, (i) => find(equals("tenant", `nobody-${i}`)), 50);
  await measure("service that matches nothing", 32, (i) =>
    find({ ...service(0), value: { type: "text", value: `x${i}` } } as SpanFilter),
  );
  await measure("duration that matches nothing", 2, () => find(slow(10n ** 12n)));
  await measure("services", 50, () => reader.services(signal), 5);
  await measure("operations", 50, () => reader.operations("service-03", signal), 5);
  const always = { startMs: 0, endMs: Date.now() + 1e9 };
  await measure("dependencies", 50, () => reader.dependencies({ ...always, durations: false }, signal), 5);
  await measure(
    "dependencies with durations",
    50,
    () => reader.dependencies({ ...always, durations: true }, signal),
    5,
  );
  const hour = { startMs: Date.now() - 3_600_000, endMs: Date.now() + 3_600_000, stepMs: 60_000 };
  await measure("RED of all services", 50, () => reader.red({ ...hour, byOperation: false }, signal), 5);
  await measure(
    "RED of a service by operation",
    50,
    () => reader.red({ ...hour, services: ["service-03"], byOperation: true }, signal),
    5,
  );
  await measure("service, counted", 4, (i) => reader.find({ filter: service(i), limit: 20, count: true }, signal));
  const cancel = new AbortController();
  const long = Promise.allSettled(
    [1n, 2n].map((n) => reader.find({ filter: slow(10n ** 12n + n), limit: 1_000 }, cancel.signal)),
  );
  await measure("trace by id beside two long searches", 50, byId);
  cancel.abort();
  await long;
  source.close();
}

/** Wall time of each call, and CPU time of this process, other threads included; ms. */
async function measure(
  what: string,
  count: number,
  call: (i: number) => Promise<unknown>,
  goal: number | string = "",
): Promise<void> {
  if (!what.includes(ONLY)) return;
  const wall: number[] = [];
  const cpu = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    const started = performance.now();
    await call(i);
    wall.push(performance.now() - started);
  }
  const used = process.cpuUsage(cpu);
  wall.sort((a, b) => a - b);
  const at = (share: number) => (wall[Math.min(count - 1, Math.floor(count * share))] as number).toFixed(2);
  figures.push({
    what,
    count,
    "cpu mean": ((used.user + used.system) / 1000 / count).toFixed(2),
    p50: at(0.5),
    p99: at(0.99),
    "goal p99": goal,
  });
}

function timed<T, Key extends string>(times: Record<Key, number>, name: Key, work: () => T): T {
  const started = performance.now();
  const result = work();
  times[name] += performance.now() - started;
  return result;
}
