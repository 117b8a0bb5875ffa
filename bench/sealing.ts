// Sealing on the per-service set: bytes a span before and after, indexes included, and spans per CPU second.
//   npm run bench -- sealing [--spans 200000] [--size 512] [--json]
// The effect on ingest: npm run bench -- ingest --sizes 512 --threads --set storage.sealing.min_age_minutes=0
//   --set storage.segment.max_spans=60000, beside the same with --set storage.sealing.enabled=false.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { TraceScanner } from "../src/codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../src/codec/otlp/scan/scan-result.ts";
import { SILENT_LOGGER } from "../src/component/logger.ts";
import { Metrics } from "../src/component/metrics.ts";
import { IngestCore } from "../src/storage/log/ingest-core.ts";
import type { SealTask } from "../src/storage/log/seal-task.ts";
import { fileAccess, StoredSource } from "../src/storage/log/stored-source.ts";
import { FolderReader } from "../src/storage/offline/folder-reader.ts";
import { Sealer } from "../src/storage/sealing/sealer.ts";
import { chooseDriver } from "../src/storage/sqlite/choose-driver.ts";
import { perServiceSet, refresh } from "./lib/per-service-set.ts";

const { values } = parseArgs({
  options: {
    spans: { type: "string", default: "200000" },
    size: { type: "string", default: "512" },
    json: { type: "boolean", default: false },
  },
});
const wanted = Number(values.spans);
const folder = mkdtempSync(join(tmpdir(), "spanloom-bench-"));
const driver = chooseDriver("auto");
const host = { logger: SILENT_LOGGER, metrics: new Metrics(), userAgent: "spanloom/bench" };
const sources: StoredSource[] = [];
const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
const core = new IngestCore({
  settings: {
    kind: "sqlite",
    path: folder,
    synchronous: "normal",
    segment: { maxSpans: 100_000, maxBytes: 1 << 30, maxAgeMs: 1e9 },
    retention: { maxAgeMs: undefined, maxBytes: undefined },
    sealing: { enabled: true, minAgeMs: 0 },
  },
  driver,
  host,
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
  const pool = perServiceSet(2_000, Number(values.size));
  for (let spans = 0, pass = 0; spans < wanted; pass++) {
    for (const request of pool) {
      refresh(request, pass);
      const bytes = new Uint8Array(request.body);
      const batch = { format: "otlp_protobuf", encoding: "identity", maxBytes: 1 << 26, source: "bench" } as const;
      core.append([{ ...batch, bytes, receivedAtMs: Date.now() }]);
      core.settle();
      spans += request.spans;
    }
  }
  await core.maintain({ type: "roll" });
  const before = report();
  const source = new StoredSource(fileAccess(driver, folder), () => {});
  sources.push(source);
  const sealer = new Sealer({ driver, folder, source, share: 1 });
  const floor = { segment: Number.MAX_SAFE_INTEGER, block: 0 };
  const next = () => core.maintain({ type: "next_seal", floor, atOnce: true }) as Promise<SealTask | undefined>;
  const started = { cpu: process.cpuUsage(), at: performance.now() };
  for (let task = await next(); task !== undefined; task = await next()) {
    await core.maintain({ type: "finish_seal", task, outcome: await sealer.seal(task) });
  }
  const cpu = process.cpuUsage(started.cpu);
  const after = report();
  const figures = {
    spans: after.spans,
    bytesPerSpanBefore: before.bytesPerSpan,
    bytesPerSpanSealed: after.bytesPerSpan,
    spansPerCpuSecond: Math.round(after.spans / ((cpu.user + cpu.system) / 1e6)),
    spansPerSecond: Math.round(after.spans / ((performance.now() - started.at) / 1e3)),
  };
  if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
  else console.table([figures]);
} finally {
  for (const source of sources) source.close();
  core.close();
  rmSync(folder, { recursive: true, force: true });
}

function report() {
  const reader = new FolderReader(driver, folder);
  try {
    return reader.stats();
  } finally {
    reader.close();
  }
}
