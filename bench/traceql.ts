// How long searches of spansets and queries of metrics take, on the per-service set: 20 spans a trace over 16 services,
// 512 spans a request of one service, so that nearly every trace is spread over many blocks.
//   npm run bench -- traceql [--spans 500000] [--sealed] [--only part-of-a-name]
// Goals at 5M spans without load: attribute equality with limit 20 p50 ≤ 15 ms, p99 ≤ 40; rate by service over an hour
// ≤ 300 ms; at 1M spans `>>` with each side matching at most 1 % ≤ 300 ms.
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { TraceScanner } from "../src/codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../src/codec/otlp/scan/scan-result.ts";
import { SILENT_LOGGER } from "../src/component/logger.ts";
import { Metrics } from "../src/component/metrics.ts";
import type { SpanFilter, TraceQuery } from "../src/model/trace-query.ts";
import type {
  FieldExpression,
  MetricsFunction,
  SpansetExpression,
  TraceqlField,
  TraceqlIntrinsic,
  TraceqlLiteral,
} from "../src/model/traceql.ts";
import { IngestCore } from "../src/storage/log/ingest-core.ts";
import type { SealTask } from "../src/storage/log/seal-task.ts";
import { fileAccess, StoredSource } from "../src/storage/log/stored-source.ts";
import { createTraceReader } from "../src/storage/read/trace-reader.ts";
import { Sealer } from "../src/storage/sealing/sealer.ts";
import { chooseDriver } from "../src/storage/sqlite/choose-driver.ts";
import { perServiceSet, refresh } from "./lib/per-service-set.ts";

const { values } = parseArgs({
  options: {
    spans: { type: "string", default: "500000" },
    sealed: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});
const signal = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), "spanloom-bench-"));
const driver = chooseDriver("auto");
const ALL: SpanFilter = { op: "all" };
const SERVICE: TraceqlField = { scope: "resource", key: "service.name" };
const equals = (key: string, value: string): SpanFilter => ({
  op: "compare",
  field: { scope: "span", key },
  is: "=",
  value: { type: "string", value },
});
const isText = (key: string, value: string): FieldExpression => ({
  expr: "compare",
  is: "=",
  left: { expr: "field", field: { scope: "span", key } },
  right: { expr: "literal", value: { type: "string", value } },
});
const isCode = (intrinsic: TraceqlIntrinsic, value: TraceqlLiteral): FieldExpression => ({
  expr: "compare",
  is: "=",
  left: { expr: "field", field: { intrinsic } },
  right: { expr: "literal", value },
});
const figures: Record<string, string | number>[] = [];

const sources: StoredSource[] = [];
const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
const core = new IngestCore({
  settings: {
    kind: "sqlite",
    path: folder,
    synchronous: "normal",
    segment: { maxSpans: 500_000, maxBytes: 1 << 30, maxAgeMs: 1e9 },
    retention: { maxAgeMs: undefined, maxBytes: undefined },
    sealing: { enabled: true, minAgeMs: 0 },
  },
  driver,
  host: { logger: SILENT_LOGGER, metrics: new Metrics(), userAgent: "spanloom/bench" },
  pipeline: {
    prepare({ bytes }) {
      const { columns, ...hashes } = scanner.scan(bytes);
      const result = { accepted: columns.count, rejected: 0, message: "" };
      return { body: bytes, columns, keep: undefined, ...hashes, result };
    },
  },
  release: async (ids) => {
    for (const source of sources) source.release(ids);
  },
});
try {
  write(Number(values.spans));
  if (values.sealed) await seal();
  const source = new StoredSource(fileAccess(driver, folder), (_, reason) => {
    throw new Error(reason);
  });
  sources.push(source);
  await ask(source);
  process.stdout.write(`${values.spans} spans${values.sealed ? ", sealed" : ""}; load ${loadavg()[0]}\n`);
  console.table(figures);
} finally {
  for (const source of sources) source.close();
  core.close();
  rmSync(folder, { recursive: true, force: true });
}

function write(spans: number): void {
  const pool = perServiceSet(3_000, 512);
  const batch = { format: "otlp_protobuf", encoding: "identity", maxBytes: 1 << 26, source: "bench" } as const;
  for (let written = 0, pass = 0; written < spans; pass++) {
    for (const request of pool) {
      refresh(request, pass);
      core.append([{ ...batch, bytes: new Uint8Array(request.body), receivedAtMs: Date.now() }]);
      core.settle();
      written += request.spans;
    }
  }
}

async function seal(): Promise<void> {
  await core.maintain({ type: "roll" });
  const source = new StoredSource(fileAccess(driver, folder), () => {});
  sources.push(source);
  const sealer = new Sealer({ driver, folder, source, share: 1 });
  const floor = { segment: Number.MAX_SAFE_INTEGER, block: 0 };
  const next = () => core.maintain({ type: "next_seal", floor, atOnce: true }) as Promise<SealTask | undefined>;
  for (let task = await next(); task !== undefined; task = await next()) {
    await core.maintain({ type: "finish_seal", task, outcome: await sealer.seal(task) });
  }
}

async function ask(source: StoredSource): Promise<void> {
  const reader = createTraceReader(source);
  const { traces } = await reader.find({ filter: ALL, limit: 1 }, signal);
  const newest = traces[0]?.start ?? 0n;
  const find = (query: Omit<TraceQuery, "limit">) => reader.find({ limit: 20, ...query }, signal);
  const tenant = (n: number) => equals("tenant", `tenant-${n % 40}`);
  await measure("attribute equality, limit 20", 200, (i) => find({ filter: tenant(i) }), "15 / 40");
  const both = (n: number, method: string): SpanFilter => ({
    op: "and",
    of: [tenant(n), equals("http.request.method", method)],
  });
  const side = (n: number, method: string): SpansetExpression => ({
    op: "spans",
    where: { expr: "and", left: isText("tenant", `tenant-${n % 40}`), right: isText("http.request.method", method) },
  });
  const structural = (n: number, right: number) => ({
    filter: both(right, "POST"),
    also: [both(n, "GET")],
    spansets: {
      first: {
        op: "structural",
        form: "plain",
        relation: "descendant",
        left: side(n, "GET"),
        right: side(right, "POST"),
      } as const,
      stages: [],
    },
  });
  await measure(">>, each side 0.8 %, limit 20", 20, (i) => find(structural(i, i + 7)), 300);
  await measure(">>, one side 0.8 %, the other nothing", 20, (i) => find({ ...structural(i, 0), ...nothing(i) }), 300);
  const slowErrors: SpansetExpression = {
    op: "structural",
    form: "plain",
    relation: "descendant",
    left: { op: "spans", where: isCode("span:status", { type: "status", value: 2 }) },
    right: { op: "spans", where: isCode("span:status", { type: "status", value: 2 }) },
  };
  const error: SpanFilter = {
    op: "compare",
    field: { intrinsic: "status" },
    is: "=",
    value: { type: "status", value: 2 },
  };
  await measure("errors below errors (2 %, columns), limit 20", 20, () =>
    find({ filter: error, spansets: { first: slowErrors, stages: [] } }),
  );
  await measure("the same, all of them counted", 1, () =>
    find({ filter: error, spansets: { first: slowErrors, stages: [] }, count: true }),
  );
  await askMetrics(source, newest, tenant);
}

async function askMetrics(source: StoredSource, newest: bigint, tenant: (n: number) => SpanFilter): Promise<void> {
  const reader = createTraceReader(source);
  await reader.find({ filter: ALL, limit: 1 }, signal);
  const hour = { start: newest - 3_599n * 1_000_000_000n, end: newest + 1_000_000_000n, step: 60n * 1_000_000_000n };
  const metrics = (fn: MetricsFunction, by: readonly TraceqlField[], filter = ALL) =>
    reader.metrics?.({ ...hour, filter, stage: { function: fn, by } }, signal) ?? Promise.resolve();
  const rate = { filter: ALL, stage: { function: { name: "rate" }, by: [SERVICE] } } as const;
  await measure(
    "rate() by (resource.service.name), an hour, the first query of all",
    1,
    () => createTraceReader(source).metrics?.({ ...hour, ...rate }, signal) ?? Promise.resolve(),
  );
  await measure("rate() by (resource.service.name), an hour, the first time", 1, () =>
    metrics({ name: "rate" }, [SERVICE]),
  );
  await measure("rate() by (resource.service.name), an hour", 5, () => metrics({ name: "rate" }, [SERVICE]), 300);
  await measure("rate() by (name, status)", 3, () =>
    metrics({ name: "rate" }, [{ intrinsic: "span:name" }, { intrinsic: "span:status" }]),
  );
  const quantiles = {
    name: "quantile_over_time",
    field: { intrinsic: "span:duration" },
    quantiles: [0.5, 0.99],
  } as const;
  await measure("quantile_over_time(duration)", 3, () => metrics(quantiles, []));
  await measure("{ .tenant = … } | rate() by (span.http.route)", 3, (i) =>
    metrics({ name: "rate" }, [{ scope: "span", key: "http.route" }], tenant(i)),
  );
}

function nothing(i: number): Pick<TraceQuery, "also"> {
  return { also: [equals("tenant", `nobody-${i}`)] };
}

/** Wall time of each call, and CPU time of this process, other threads included; ms. */
async function measure(what: string, count: number, call: (i: number) => Promise<unknown>, goal: number | string = "") {
  if (!what.includes(values.only)) return;
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
    goal,
  });
}
