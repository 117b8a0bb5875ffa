/**
 * How long reading takes: a store of many spans is written to a temporary folder, then asked, on one core and in one
 * thread. Run:
 *
 *   npx rolldown bench/search.ts --platform node --format esm --external better-sqlite3 --file node_modules/.cache/bench-search.mjs
 *   node node_modules/.cache/bench-search.mjs [spans, default 500000]
 *
 * The per-service set: 512 spans a request of one service, 0.58 traces a span, so that nearly every trace is spread over
 * many blocks.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TraceScanner } from "../src/codec/otlp/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../src/codec/otlp/scan-result.ts";
import type { PreparedBatch } from "../src/component/ingest.ts";
import { SILENT_LOGGER } from "../src/component/logger.ts";
import { Metrics } from "../src/component/metrics.ts";
import type { LogBatch } from "../src/model/log.ts";
import type { SpanFilter } from "../src/model/trace-query.ts";
import { betterSqlite3Driver } from "../src/storage/better-sqlite3-driver.ts";
import { decodeBlockIndex, encodeBlockIndex } from "../src/storage/block-index.ts";
import { buildBloom } from "../src/storage/bloom.ts";
import { openConsumersDb } from "../src/storage/cursor-store.ts";
import { DependencyAggregator } from "../src/storage/dependencies.ts";
import { LogWriter } from "../src/storage/log-writer.ts";
import { CONSUMERS_FILE, SEGMENTS_FOLDER } from "../src/storage/segment-schema.ts";
import { SegmentSet } from "../src/storage/segment-set.ts";
import { fileAccess, StoredSource } from "../src/storage/stored-source.ts";
import { createTraceReader } from "../src/storage/trace-reader.ts";
import { perServiceSet, refresh } from "./lib/per-service-set.ts";

const SPANS = Number(process.argv[2] ?? 500_000);
const signal = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), "spanloom-bench-"));
mkdirSync(join(folder, SEGMENTS_FOLDER), { recursive: true });
const figures: { what: string; count: number; p50: string; p99: string }[] = [];

try {
  const traceIds = write();
  await ask(traceIds);
  console.table(figures);
} finally {
  rmSync(folder, { recursive: true });
}

function write(): Uint8Array[] {
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
  const aggregator = new DependencyAggregator();
  const pool = perServiceSet(3_000, 512);
  const traceIds: Uint8Array[] = [];
  const times = { write: 0, dependencies: 0, bloom: 0, encode: 0, decode: 0 };
  let spans = 0;
  for (let pass = 0; spans < SPANS; pass++) {
    for (const request of pool) {
      refresh(request, pass);
      const scan = scanner.scan(request.body);
      const batch: PreparedBatch = {
        ...scan,
        body: request.body,
        keep: undefined,
        result: { accepted: 0, rejected: 0, message: "" },
      };
      spans += scan.columns.count;
      if (traceIds.length < 20_000) traceIds.push(scan.columns.traceIds.slice(0, 16));
      timed(times, "write", () => {
        log.add(batch, Date.now());
        log.commit();
        log.settle(false);
      });
      const stored: LogBatch = { next: { segment: 1, row: 1 }, receivedAtMs: Date.now(), ...batch };
      timed(times, "dependencies", () => aggregator.consume(stored));
      const index = timed(times, "encode", () => encodeBlockIndex(scan.columns));
      timed(times, "decode", () => decodeBlockIndex(index));
      timed(times, "bloom", () => buildBloom(scan.hashes, Math.min(scan.hashes.length, 2_500)));
    }
  }
  log.close();
  segments.close();
  const { db } = openConsumersDb(betterSqlite3Driver, join(folder, CONSUMERS_FILE), SILENT_LOGGER);
  aggregator.load(db);
  db.transaction(() => aggregator.flush(db));
  db.close();
  process.stdout.write(`${spans} spans written; ns a span:`);
  for (const [name, ms] of Object.entries(times)) process.stdout.write(` ${name} ${Math.round((ms * 1e6) / spans)}`);
  process.stdout.write(
    `\ndependency window: ${aggregator.remembered} spans, ${aggregator.unmatched} left without parent\n`,
  );
  return traceIds;
}

async function ask(traceIds: readonly Uint8Array[]): Promise<void> {
  const source = new StoredSource(fileAccess(betterSqlite3Driver, folder), (_, reason) => {
    throw new Error(reason);
  });
  const reader = createTraceReader(source);
  const find = (filter: SpanFilter, limit = 20) => reader.find({ filter, limit }, signal);
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
  await measure("first call (loads blooms and trace tables)", 1, () =>
    reader.find({ filter: { op: "all" }, limit: 1 }, signal),
  );
  await measure("trace by id", 200, (i) => reader.trace(traceIds[(i * 7919) % traceIds.length] as Uint8Array, signal));
  await measure("unknown trace id", 200, (i) =>
    reader.trace(
      Uint8Array.from({ length: 16 }, () => i + 1),
      signal,
    ),
  );
  await measure("newest 20", 20, () => find({ op: "all" }));
  await measure("service, limit 20", 32, (i) => find(service(i)));
  await measure("service + tag, limit 20", 32, (i) =>
    find({ op: "and", of: [service(i), equals("tenant", `tenant-${i % 40}`)] }),
  );
  await measure("service + min duration, limit 20", 32, (i) =>
    find({ op: "and", of: [service(i), slow(29_900_000n)] }),
  );
  await measure("tag that matches nothing", 32, (i) => find(equals("tenant", `nobody-${i}`)));
  await measure("service that matches nothing", 32, (i) =>
    find({ ...service(0), value: { type: "text", value: `x${i}` } } as SpanFilter),
  );
  await measure("duration that matches nothing", 2, () => find(slow(10n ** 12n)));
  await measure("services", 50, () => reader.services(signal));
  await measure("operations", 50, () => reader.operations("service-03", signal));
  await measure("dependencies", 50, () => reader.dependencies(0, Date.now() + 1e9, signal));
  source.close();
}

async function measure(what: string, count: number, call: (i: number) => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const started = performance.now();
    await call(i);
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => `${(times[Math.min(count - 1, Math.floor(count * share))] as number).toFixed(2)} ms`;
  figures.push({ what, count, p50: at(0.5), p99: at(0.99) });
}

function timed<T, Key extends string>(times: Record<Key, number>, name: Key, work: () => T): T {
  const started = performance.now();
  const result = work();
  times[name] += performance.now() - started;
  return result;
}
