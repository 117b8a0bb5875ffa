import { cpSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it, vi } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { incoming, makeBody, range, scannerPipeline, spanNumbers } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { recordingHost, storeSettings, until } from "../../../test/support/storage/rig.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import type { ExportOutcome } from "../../component/export.ts";
import type { ConfiguredExporter } from "../../component/store.ts";
import type { LogFragment } from "../../model/log.ts";
import type { SpanFilter } from "../../model/trace-query.ts";
import type { AggregateKind, AggregateTable } from "../aggregates/aggregate-runner.ts";
import { createAggregates } from "../aggregates/builtin.ts";
import { DependencyReader } from "../aggregates/dependency-reader.ts";
import type { LogAges } from "../aggregates/received-hours.ts";
import { readRed } from "../aggregates/red-table.ts";
import { IngestCore } from "../log/ingest-core.ts";
import type { LogHead } from "../log/log-reader.ts";
import type { SealTask } from "../log/seal-task.ts";
import { fileAccess, StoredSource } from "../log/stored-source.ts";
import { Sealer } from "../sealing/sealer.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { openConsumersDb } from "./consumers-db.ts";
import { ExportCore, type ExportCoreOptions } from "./export-core.ts";

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Behaviour = (ids: readonly number[], signal: AbortSignal) => ExportOutcome | Promise<ExportOutcome>;

/** An exporter that remembers the span ids of every request it was given, and answers as `behave` says. */
function destination(name: string, behave: Behaviour, changes: Partial<ConfiguredExporter> = {}) {
  const requests: number[][] = [];
  const delivered: number[] = [];
  const configured: ConfiguredExporter = {
    name,
    startAt: "now",
    maxBatchSpans: 512,
    concurrency: 1,
    backoff: { initialMs: 1, maxMs: 5, factor: 1.5 },
    exporter: {
      async start() {},
      async shutdown() {},
      async export(fragments: readonly LogFragment[], signal) {
        const ids = fragments.flatMap(({ block, rows }) => {
          const all = spanNumbers(block.columns);
          return rows.map((row) => all[row] as number);
        });
        requests.push(ids);
        const outcome = await behave(ids, signal);
        if (outcome.type === "delivered") delivered.push(...ids);
        return outcome;
      },
    },
    ...changes,
  };
  return { configured, requests, delivered };
}

const DELIVERED: ExportOutcome = { type: "delivered" };
const numbers = (first: number, count: number) => range(first, count).map(({ id }) => id);

function store(
  changes: Parameters<typeof storeSettings>[2] = {},
  path = mkdtempSync(join(tmpdir(), "spanloom-export-")),
  now: () => number = Date.now,
) {
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  const host = recordingHost();
  const sources: StoredSource[] = [];
  const ingest = new IngestCore({
    settings: storeSettings(path, host, changes),
    driver: testDriver,
    pipeline: scannerPipeline(),
    host,
    release: async (ids) => {
      for (const source of sources) source.release(ids);
    },
    now,
  });
  cleanups.push(() => ingest.close());
  let core: ExportCore | undefined;
  return {
    ingest,
    host,
    path,
    append(first: number, count: number, receivedAtMs = Date.now(), padding = 0) {
      ingest.append([incoming(makeBody("s", range(first, count, 4, padding)), receivedAtMs)]);
      ingest.settle();
      core?.advanced();
    },
    async run(
      exporters: readonly ConfiguredExporter[],
      aggregates: AggregateTable = {},
      more: Partial<ExportCoreOptions> = {},
    ) {
      const source = new StoredSource(fileAccess(testDriver, path), () => {});
      sources.push(source);
      const { db, wasDamaged } = openConsumersDb(testDriver, join(path, "consumers.db"), host.logger);
      const running = new ExportCore({
        source,
        db,
        exporters,
        aggregates,
        host,
        drainOnClose: false,
        cursorsLost: wasDamaged,
        ...more,
      });
      core = running;
      let closed = false;
      const close = async (signal = new AbortController().signal) => {
        if (closed) return;
        closed = true;
        await running.close(signal);
        source.close();
        db.close();
      };
      cleanups.push(() => close(AbortSignal.abort()));
      await running.start();
      return { core: running, close, db };
    },
  };
}

describe("exporters", () => {
  it("get every span once and in order, joined up to their batch size", async () => {
    const log = store();
    log.append(1, 10);
    const a = destination("a", () => DELIVERED, { startAt: "oldest", maxBatchSpans: 50 });
    const b = destination("b", () => DELIVERED);
    for (let i = 1; i < 10; i++) log.append(1 + i * 10, 10);
    const { core } = await log.run([a.configured, b.configured]);
    await until("a has all", () => a.delivered.length === 100);
    expect(a.delivered).toEqual(numbers(1, 100));
    expect(a.requests.map((ids) => ids.length)).toEqual([50, 50]);
    log.append(101, 5);
    await until("b has the new ones", () => b.delivered.length === 5);
    expect(b.delivered).toEqual(numbers(101, 5));
    await until("a too", () => core.status()[0]?.lagSpans === 0);
    expect(core.status()).toMatchObject([
      { name: "a", deliveredSpans: 105, lagBatches: 0, lagMs: 0, lastOutcome: "delivered", lostSpans: 0 },
      { name: "b", deliveredSpans: 5, lagSpans: 0 },
    ]);
  });

  it.each([
    [true, "warn", "spans that waited for an exporter are lost with the memory"],
    [false, "info", "spans wait for an exporter until the next start"],
  ])("have said how many spans they leave when they stop (drained: %s)", async (drainOnClose, level, message) => {
    const log = store();
    const hanging = destination("hanging", () => new Promise<ExportOutcome>(() => {}));
    const fine = destination("fine", () => DELIVERED);
    const { core, close } = await log.run([hanging.configured, fine.configured], {}, { drainOnClose });
    log.append(1, 7);
    await until("the other has all", () => core.status()[1]?.lagSpans === 0);
    await until("the one is asked", () => hanging.requests.length === 1);
    await close(AbortSignal.timeout(20));
    const told = log.host.lines.filter((line) => line.message === message);
    expect(told).toMatchObject([{ level, message, fields: { exporter: "hanging", spans: 7 } }]);
  });

  it("go on at their cursor after a restart", async () => {
    const log = store();
    const first = destination("a", () => DELIVERED, { startAt: "oldest" });
    log.append(1, 20);
    const running = await log.run([first.configured]);
    await until("all are sent", () => first.delivered.length === 20);
    await running.close();
    log.append(21, 20);
    const second = destination("a", () => DELIVERED, { startAt: "oldest" });
    const again = await log.run([second.configured]);
    await until("the rest is sent", () => second.delivered.length === 20);
    expect(second.delivered).toEqual(numbers(21, 20));
    await until("it is counted", () => again.core.status()[0]?.deliveredSpans === 40);
  });

  it("are repeated for as long as it takes, and do not hold up others", async () => {
    const log = store();
    let down = true;
    const stuck = destination("stuck", () => (down ? { type: "retry", reason: "503" } : DELIVERED));
    const hanging = destination("hanging", () => new Promise<ExportOutcome>(() => {}));
    const fine = destination("fine", () => DELIVERED);
    const { core, close } = await log.run([stuck.configured, hanging.configured, fine.configured]);
    for (let i = 0; i < 10; i++) log.append(1 + i * 10, 10);
    await until("the one has all", () => fine.delivered.length === 100);
    await until("the other was tried again", () => stuck.requests.length > 3);
    expect(stuck.delivered).toEqual([]);
    const [status] = core.status();
    expect(status).toMatchObject({ lagSpans: 100, lastOutcome: "retry", lastError: "503" });
    expect(status?.lagMs).toBeGreaterThanOrEqual(0);
    down = false;
    await until("it has caught up", () => stuck.delivered.length === 100);
    expect(stuck.delivered).toEqual(numbers(1, 100));
    const samples = log.host.metrics.snapshot();
    const value = (name: string, exporter: string) =>
      samples.find((sample) => sample.name === name && sample.labels.exporter === exporter)?.value;
    expect(value("spanloom_exporter_delivered_spans_total", "stuck")).toBe(100);
    expect(value("spanloom_exporter_retries_total", "stuck")).toBeGreaterThan(2);
    expect(value("spanloom_exporter_lag_spans", "hanging")).toBe(100);
    await close(AbortSignal.timeout(20));
  });

  it("hold no bodies of what is delivered behind a request that never is", async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const log = store();
    const poisoned = destination(
      "poisoned",
      (ids) => (ids.includes(1) ? new Promise<ExportOutcome>(() => {}) : DELIVERED),
      { maxBatchSpans: 1, concurrency: 2 },
    );
    const { core, close } = await log.run([poisoned.configured]);
    gc();
    const before = process.memoryUsage().arrayBuffers;
    for (let id = 1; id <= 200; id++) {
      log.ingest.append([incoming(makeBody("s", [{ id, padding: 100_000 }]))]);
      log.ingest.settle();
    }
    core.advanced();
    await until("all others are delivered", () => poisoned.delivered.length === 199, 20_000);
    // More than once: V8 may count buffers as used for a while after it has found them dead.
    await until("their bodies are let go of", () => {
      gc();
      return process.memoryUsage().arrayBuffers - before < 5_000_000;
    });
    await close(AbortSignal.timeout(20));
  });

  it("treat what an exporter throws as a failure to repeat", async () => {
    const log = store();
    let calls = 0;
    const shaky = destination("shaky", () => {
      calls++;
      if (calls < 3) throw new Error("boom");
      return DELIVERED;
    });
    const { core } = await log.run([shaky.configured]);
    log.append(1, 3);
    await until("it is through", () => core.status()[0]?.lagSpans === 0);
    expect(core.status()[0]).toMatchObject({ retries: 2, deliveredSpans: 3 });
  });

  it("get too large requests in halves, down to a single span that is then refused", async () => {
    const log = store();
    const small = destination("small", (ids) =>
      ids.includes(13) || ids.length > 4 ? { type: "split", reason: "413" } : DELIVERED,
    );
    const { core } = await log.run([small.configured]);
    log.append(1, 20);
    await until("it is done", () => core.status()[0]?.lagSpans === 0);
    expect(small.delivered).toEqual(numbers(1, 20).filter((id) => id !== 13));
    expect(core.status()[0]).toMatchObject({ deliveredSpans: 19, rejectedSpans: 1 });
  });

  it("advance over what is refused for good, and count it", async () => {
    const log = store();
    const picky = destination("picky", () => ({ type: "rejected", count: 2, reason: "bad attribute" }));
    const { core } = await log.run([picky.configured]);
    log.append(1, 5);
    await until("it is done", () => core.status()[0]?.lagSpans === 0);
    expect(core.status()[0]).toMatchObject({ deliveredSpans: 3, rejectedSpans: 2 });
  });

  it("have a cursor that is the contiguous prefix of parallel requests", async () => {
    const log = store();
    for (let i = 0; i < 4; i++) log.append(1 + i * 10, 10);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const parallel = destination(
      "p",
      async (ids) => {
        if (ids[0] === 11) await held;
        return DELIVERED;
      },
      { startAt: "oldest", maxBatchSpans: 10, concurrency: 3 },
    );
    const { core, close } = await log.run([parallel.configured]);
    await until("the others are through", () => parallel.delivered.length === 30);
    expect(core.status()[0]).toMatchObject({ lagSpans: 30, lagBatches: 3, deliveredSpans: 30 });
    // A shutdown that cannot wait leaves the second request and all after it to the next start.
    await close(AbortSignal.abort());
    const next = destination("p", () => DELIVERED, { startAt: "oldest" });
    const again = await log.run([next.configured]);
    await until("the next start sends them", () => again.core.status()[0]?.lagSpans === 0);
    expect(next.delivered).toEqual(numbers(11, 30));
    release();
  });

  it("get a backlog of large spans in requests below a limit of bytes", async () => {
    const log = store();
    const narrow = destination("narrow", () => DELIVERED, {
      startAt: "oldest",
      maxBatchSpans: 2048,
      maxBatchBytes: 100_000,
    });
    for (let i = 0; i < 10; i++) log.append(1 + i * 7, 7, Date.now(), 10_000);
    log.append(71, 30, Date.now(), 10_000);
    await log.run([narrow.configured]);
    await until("all are sent", () => narrow.delivered.length === 100);
    expect(narrow.delivered).toEqual(numbers(1, 100));
    expect(Math.max(...narrow.requests.map((ids) => ids.length))).toBeLessThan(10);
    expect(narrow.requests.length).toBeLessThan(20);
  });

  it("get few requests of a size that they found too large", async () => {
    const log = store();
    const limited = destination("limited", (ids) => (ids.length > 100 ? { type: "split", reason: "413" } : DELIVERED), {
      startAt: "oldest",
    });
    for (let i = 0; i < 10; i++) log.append(1 + i * 200, 200, Date.now(), 2_000);
    await log.run([limited.configured]);
    await until("all are sent", () => limited.delivered.length === 2000);
    expect(limited.delivered).toEqual(numbers(1, 2000));
    expect(limited.requests.filter((ids) => ids.length > 100).length).toBeLessThanOrEqual(3);
  });

  it("get batches larger than their limit in parts", async () => {
    const log = store();
    const narrow = destination("narrow", () => DELIVERED, { maxBatchSpans: 30 });
    await log.run([narrow.configured]);
    log.append(1, 100);
    await until("all are sent", () => narrow.delivered.length === 100);
    expect(narrow.requests.map((ids) => ids.length)).toEqual([30, 30, 30, 10]);
  });

  it("skip forward when retention has removed what they wait for, and count the loss", async () => {
    const log = store({
      segment: { maxSpans: 10, maxBytes: 1 << 30, maxAgeMs: 1e12 },
      retention: { maxAgeMs: 60_000, maxBytes: undefined },
    });
    let down = true;
    const late = destination("late", () => (down ? { type: "retry", reason: "refused" } : DELIVERED), {
      maxBatchSpans: 10,
    });
    const { core } = await log.run([late.configured]);
    const old = Date.now() - 120_000;
    for (let i = 0; i < 3; i++) log.append(1 + i * 10, 10, old);
    log.append(31, 10);
    await until("it was tried", () => late.requests.length > 1);
    await log.ingest.sweep();
    // The gap behind it is counted with the cursor that passes it.
    await until("the loss is noticed", () => core.status()[0]?.lostSpans === 10);
    expect(log.host.lines.filter(({ level }) => level === "warn")).toMatchObject([
      { fields: { exporter: "late", reason: "refused" } },
      { fields: { exporter: "late", reason: "10 spans lost to retention or max_backlog by now" } },
    ]);
    down = false;
    await until("the rest is sent", () => core.status()[0]?.lagSpans === 0);
    expect(late.delivered).toEqual(numbers(31, 10));
    expect(core.status()[0]).toMatchObject({ lostSpans: 30, deliveredSpans: 10 });
  });
});

it("a log that was sealed into fewer rows, and one whose newest rows are all deleted, have lost nothing", async () => {
  const log = store();
  for (let i = 0; i < 6; i++) log.append(1 + i * 10, 10);
  const first = await log.run([destination("a", () => DELIVERED, { startAt: "oldest" }).configured]);
  await until("all is delivered", () => first.core.status()[0]?.lagSpans === 0);
  await first.core.catchUp();
  const seal = async () => {
    await log.ingest.maintain({ type: "roll" });
    const floor = { segment: Number.MAX_SAFE_INTEGER, block: 0 };
    const task = (await log.ingest.maintain({ type: "next_seal", floor, atOnce: true })) as SealTask;
    const source = new StoredSource(fileAccess(testDriver, log.path), () => {});
    const sealer = new Sealer({ driver: testDriver, folder: log.path, source, share: 1 });
    await log.ingest.maintain({ type: "finish_seal", task, outcome: await sealer.seal(task) });
    source.close();
  };
  await seal();
  log.append(61, 10);
  await until("these too", () => first.core.status()[0]?.lagSpans === 0);
  await first.close();
  const traceIds = [16, 17, 18].map((trace) => Buffer.from(trace.toString(16).padStart(32, "0"), "hex"));
  await log.ingest.maintain({ type: "delete_traces", traceIds });
  await seal();
  const again = await log.run([destination("a", () => DELIVERED, { startAt: "oldest" }).configured]);
  expect(log.host.lines.filter(({ level }) => level === "warn")).toEqual([]);
  expect(again.core.status()[0]).toMatchObject({ lagSpans: 0, lostSpans: 0, deliveredSpans: 70 });
});

describe("a log that has lost its end", () => {
  /** A log that was read to its end and then loses what came after 3 of its 10 rows, as a power cut takes it. */
  async function cutLog(exporters: readonly ConfiguredExporter[], table: AggregateTable = {}) {
    const log = store();
    const running = await log.run(exporters, table);
    for (let i = 0; i < 3; i++) log.append(1 + i * 10, 10);
    const wal = join(log.path, "segments", "00000001.db-wal");
    const { size } = statSync(wal);
    for (let i = 3; i < 10; i++) log.append(1 + i * 10, 10);
    await until("all is delivered", () => running.core.status().every(({ lagSpans }) => lagSpans === 0));
    await running.core.catchUp();
    await running.close();
    const copy = mkdtempSync(join(tmpdir(), "spanloom-export-"));
    cpSync(log.path, copy, { recursive: true });
    truncateSync(join(copy, "segments", "00000001.db-wal"), size);
    return store({}, copy);
  }

  it("goes on being exported and counted: new spans take the numbers of the lost ones", async () => {
    const counted: number[] = [];
    const table: AggregateTable = {
      counted: {
        rememberSpans: 20,
        expire() {},
        create: () => ({
          load() {},
          remember() {},
          consume: ({ columns }) => counted.push(...spanNumbers(columns)),
          flush() {},
          undoFlush() {},
        }),
      },
    };
    const before = destination("a", () => DELIVERED, { startAt: "oldest" });
    const log = await cutLog([before.configured], table);
    expect(before.delivered.sort((a, b) => a - b)).toEqual(numbers(1, 100));
    counted.length = 0;
    const after = destination("a", () => DELIVERED, { startAt: "oldest" });
    const { core } = await log.run([after.configured], table);
    expect(core.floor()).toEqual({ segment: 1, block: 3 });
    log.append(1001, 10);
    log.append(1011, 10);
    await until("the new spans are delivered", () => after.delivered.length === 20);
    await core.catchUp();
    expect(after.delivered).toEqual(numbers(1001, 20));
    expect(counted).toEqual(numbers(1001, 20));
    expect(core.status()[0]).toMatchObject({ lagSpans: 0, deliveredSpans: 120, lostSpans: 0 });
  });

  it("measures lags by its new numbers where a segment was put aside", async () => {
    const log = await cutLog([destination("a", () => DELIVERED, { startAt: "oldest" }).configured]);
    const id = log.ingest.segments.readable()[0]?.id as number;
    log.ingest.segments.markDamaged(id, "a test");
    log.ingest.segments.putAside(id);
    log.ingest.close();
    // The next start knows of no row.
    const again = store({}, log.path);
    again.append(1001, 10);
    const stalled = destination("a", () => new Promise(() => {}), { startAt: "oldest" });
    const { core } = await again.run([stalled.configured]);
    expect(core.status()[0]).toMatchObject({ lagSpans: 10, lagBatches: 1 });
  });
});

describe("a bounded backlog", () => {
  it("gives up the oldest spans, counts them, and delivers the rest in order", async () => {
    const log = store();
    let down = true;
    const slow = destination("slow", () => (down ? { type: "retry", reason: "down" } : DELIVERED), {
      maxBatchSpans: 20,
      concurrency: 2,
      maxBacklogSpans: 100,
    });
    const unbounded = destination("unbounded", () => DELIVERED);
    const { core } = await log.run([slow.configured, unbounded.configured]);
    for (let i = 0; i < 30; i++) log.append(1 + i * 10, 10);
    await until("what was under way is given up", () => (core.status()[0]?.lostSpans ?? 0) >= 20);
    down = false;
    await until("the rest is sent", () => core.status()[0]?.lagSpans === 0);
    expect(core.status()[0]).toMatchObject({ lostSpans: 200, deliveredSpans: 100 });
    expect([...slow.delivered].sort((a, b) => a - b)).toEqual(numbers(201, 100));
    await until("the other has all", () => unbounded.delivered.length === 300);
    expect(core.status()[1]?.lostSpans).toBe(0);
  });
});

describe("aggregates", () => {
  /** Sums of span ids, stored; what was remembered, not. */
  function sums() {
    const remembered: number[] = [];
    const sum = (batch: LogHead) => spanNumbers(batch.columns).reduce((a, b) => a + b, 0);
    const table: AggregateTable = {
      "aggregate/sum": {
        rememberSpans: 20,
        expire() {},
        create() {
          let pending = 0;
          let flushed = 0;
          return {
            load: (db) => db.exec("CREATE TABLE IF NOT EXISTS sums (value INTEGER)"),
            remember: (batch) => remembered.push(...spanNumbers(batch.columns)),
            consume(batch) {
              pending += sum(batch);
            },
            flush(db) {
              db.prepare("INSERT INTO sums VALUES (?)").run(pending);
              flushed = pending;
              pending = 0;
            },
            undoFlush() {
              pending += flushed;
            },
          };
        },
      },
    };
    const total = (db: SqlDatabase) =>
      db.prepare<{ total: number }>("SELECT sum(value) AS total FROM sums").get()?.total;
    return { table, remembered, total };
  }

  it("are stored with their cursor, and remember the window before it after a restart", async () => {
    const log = store();
    const first = sums();
    const running = await log.run([], first.table);
    for (let i = 0; i < 10; i++) log.append(1 + i * 10, 10);
    await until("it is stored", () => first.total(running.db) === 5050);
    log.append(201, 1);
    await until("it goes on after it had reached the end", () => first.total(running.db) === 5251);
    await running.close();
    log.append(301, 1);
    const second = sums();
    const again = await log.run([], second.table);
    await until("the new one is stored", () => second.total(again.db) === 5552);
    expect(second.remembered).toEqual([...numbers(81, 20), 201]);
  });

  it("tell how far they are behind", async () => {
    const log = store();
    const { table, total } = sums();
    const { db } = await log.run([], table);
    const lag = () => log.host.metrics.snapshot().find(({ name }) => name === "spanloom_aggregate_lag_spans");
    log.append(1, 10);
    expect(lag()).toMatchObject({ labels: { aggregate: "sum" }, value: 10 });
    await until("it is stored", () => total(db) === 55);
    expect(lag()?.value).toBe(0);
  });

  it("forget what is older than the spans that are left, and nothing while these stay", async () => {
    const now = 1_795_392_000_000;
    const clock = { now: () => now };
    const settings = {
      segment: { maxSpans: 10, maxBytes: 1 << 30, maxAgeMs: 1e12 },
      retention: { maxAgeMs: 60_000, maxBytes: undefined },
    };
    const log = store(settings, undefined, clock.now);
    const expired: LogAges[] = [];
    const { table } = sums();
    const kind = table["aggregate/sum"] as AggregateKind;
    const counted: AggregateTable = { "aggregate/sum": { ...kind, expire: (_, ages) => expired.push(ages) } };
    const slack = 60_000;
    const first = await log.run([], counted, clock);
    log.append(1, 10, now - 120_000);
    log.append(11, 10, now);
    await first.core.catchUp();
    await first.close();
    expect(expired).toEqual([{ oldestMs: now - 120_000 - slack, newestMs: now + slack, nowMs: now }]);
    await log.ingest.sweep();
    // Without any span that came since.
    const second = await log.run([], counted, clock);
    await second.close();
    expect(expired.slice(1)).toEqual([{ oldestMs: now - slack, newestMs: now + slack, nowMs: now }]);
  });

  it("count a span as long as it is stored, however long ago it began", async () => {
    const hour = 3_600_000;
    const now = 1_795_392_000_000;
    const clock = { nowMs: now };
    const settings = {
      segment: { maxSpans: 2, maxBytes: 1 << 30, maxAgeMs: 1e12 },
      retention: { maxAgeMs: 24 * hour, maxBytes: undefined },
    };
    const log = store(settings, undefined, () => clock.nowMs);
    const began = now - 30 * 24 * hour;
    const start = BigInt(began) * 1_000_000n;
    const times = { startTimeUnixNano: start, endTimeUnixNano: start + 5n };
    const late = encodeTraces([
      serviceWith("shop", [spanWith({ ...times, spanId: "a".repeat(16) })]),
      serviceWith("cart", [spanWith({ ...times, spanId: "b".repeat(16), parentSpanId: "a".repeat(16) })]),
    ]);
    const range = { startMs: began - hour, endMs: began + hour };
    const counted = async () => {
      const { core, close } = await log.run([], createAggregates(), { now: () => clock.nowMs });
      await core.catchUp();
      await close();
    };
    const answers = () => {
      const db = testDriver.open(join(log.path, "consumers.db"), { readOnly: true });
      try {
        return {
          rates: readRed(db, { ...range, stepMs: hour, byOperation: false }).series.map(({ service }) => service),
          links: new DependencyReader().read(db, { ...range, durations: false }).map(({ parent }) => parent),
        };
      } finally {
        db.close();
      }
    };
    log.ingest.append([incoming(late, now)]);
    log.ingest.settle();
    log.append(1, 2, now + hour);
    await counted();
    const all = { rates: ["cart", "shop"], links: ["shop"] };
    expect(answers()).toEqual(all);
    clock.nowMs = now + 20 * hour;
    await log.ingest.sweep();
    await counted();
    expect(answers()).toEqual(all);
    clock.nowMs = now + 24 * hour + 1;
    await log.ingest.sweep();
    expect(log.ingest.segments.readable().map(({ id }) => id)).not.toContain(1);
    await counted();
    expect(answers()).toEqual({ rates: [], links: [] });
  });

  it("keep their place on the disk whatever services, operations and times a sender makes up", async () => {
    const log = store();
    const limit = 512 * 1024;
    const { core, db } = await log.run([], createAggregates(), { maxAggregateBytes: limit });
    const value = (name: string) => log.host.metrics.snapshot().find((sample) => sample.name === name)?.value ?? 0;
    const now = Date.now();
    let largest = 0;
    for (let round = 0; round < 15; round++) {
      const made = Array.from({ length: 300 }, (_, i) => {
        const start = BigInt(now - (i % 20) * 3_600_000 - round * 60_000) * 1_000_000n;
        return serviceWith(`made-up-${round}-${i}`, [
          spanWith({
            spanId: (round * 1000 + i + 1).toString(16).padStart(16, "0"),
            parentSpanId: (round * 1000 + i).toString(16).padStart(16, "0"),
            name: `op-${i}`,
            startTimeUnixNano: start,
            endTimeUnixNano: start + 5n,
          }),
        ]);
      });
      const honest = BigInt(now) * 1_000_000n;
      const cart = serviceWith("cart", [spanWith({ startTimeUnixNano: honest, endTimeUnixNano: honest + 5n })]);
      log.ingest.append([incoming(encodeTraces([...made, cart]), now)]);
      log.ingest.settle();
      await core.catchUp();
      largest = Math.max(largest, value("spanloom_aggregate_disk_bytes"));
    }
    expect(value("spanloom_aggregate_shrinks_total")).toBeGreaterThan(0);
    expect(log.host.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
    expect(largest).toBeLessThan(2 * limit);
    expect(statSync(join(log.path, "consumers.db")).size).toBeLessThan(2 * limit);
    const hour = 3_600_000;
    const range = { startMs: now - hour, endMs: now + hour, stepMs: hour, services: ["cart"], byOperation: false };
    const [series] = readRed(db, range).series;
    expect(series?.points.reduce((sum, point) => sum + (point?.calls ?? 0), 0)).toBe(15);
  });
});

describe("filters", () => {
  const OPS: SpanFilter = {
    op: "compare",
    field: { intrinsic: "name" },
    is: "=",
    value: { type: "text", value: "op-3" },
  };
  const even = (last: number): SpanFilter => ({
    op: "or",
    of: Array.from({ length: last / 2 }, (_, i) => ({
      op: "compare",
      field: { scope: "span", key: "number" },
      is: "=",
      value: { type: "int", value: BigInt(i * 2) },
    })),
  });
  const isOp3 = (id: number) => id % 7 === 3;
  const filteredOf = (log: ReturnType<typeof store>) =>
    log.host.metrics.snapshot().find(({ name }) => name === "spanloom_exporter_filtered_spans_total")?.value;

  it("let through what they match, in full batches, and the cursor goes on past all else", async () => {
    const log = store();
    const some = destination("some", () => DELIVERED, { startAt: "oldest", maxBatchSpans: 20, filter: OPS });
    for (let i = 0; i < 50; i++) log.append(1 + i * 10, 10);
    const { core, close } = await log.run([some.configured]);
    await until("all is done", () => core.status()[0]?.lagSpans === 0);
    const wanted = numbers(1, 500).filter(isOp3);
    expect(some.delivered).toEqual(wanted);
    // A block has one or two that match: each batch is full to within one of them.
    expect(some.requests.slice(0, -1).every((ids) => ids.length >= 19)).toBe(true);
    expect(core.status()).toMatchObject([
      { deliveredSpans: wanted.length, filteredSpans: 500 - wanted.length, lostSpans: 0, lagBatches: 0, lagMs: 0 },
    ]);
    expect(filteredOf(log)).toBe(500 - wanted.length);
    await close();
    const again = await log.run([destination("some", () => DELIVERED, { filter: OPS }).configured]);
    expect(again.core.status()).toMatchObject([{ lagSpans: 0, deliveredSpans: wanted.length }]);
  });

  it("read bodies where columns do not decide, and of blocks with matches alone", async () => {
    const body = vi.spyOn(StoredSource.prototype, "body");
    cleanups.push(() => body.mockRestore());
    const log = store();
    for (let i = 0; i < 30; i++) log.append(100 + i * 2, 2);
    const byName = destination("name", () => DELIVERED, { startAt: "oldest", filter: OPS });
    const first = await log.run([byName.configured]);
    await until("all is done", () => first.core.status()[0]?.lagSpans === 0);
    expect(byName.delivered).toEqual(numbers(100, 60).filter(isOp3));
    // Of 60 spans in blocks of two.
    expect(body).toHaveBeenCalledTimes(byName.delivered.length);
    await first.close();
    const byAttribute = destination("attribute", () => DELIVERED, { startAt: "oldest", filter: even(200) });
    const second = await log.run([byAttribute.configured]);
    await until("all is done", () => second.core.status()[0]?.lagSpans === 0);
    expect(byAttribute.delivered).toEqual(numbers(100, 60).filter((id) => id % 2 === 0));
  });

  it("that match nothing send nothing, hold up nothing, and lag behind nothing", async () => {
    const log = store();
    const none = destination("none", () => DELIVERED, { filter: { op: "not", of: { op: "all" } } });
    const all = destination("all", () => DELIVERED);
    const { core } = await log.run([none.configured, all.configured]);
    for (let i = 0; i < 5; i++) log.append(1 + i * 10, 10);
    await until("the one has all", () => all.delivered.length === 50);
    await until("so is the other", () => core.status()[0]?.lagSpans === 0);
    expect(none.requests).toEqual([]);
    expect(core.status()[0]).toMatchObject({ filteredSpans: 50, lastOutcome: undefined, lagMs: 0 });
  });

  it("do not let the cursor pass what is not delivered", async () => {
    const log = store();
    let down = true;
    const stuck = destination("stuck", () => (down ? { type: "retry", reason: "503" } : DELIVERED), {
      filter: OPS,
      concurrency: 2,
    });
    const { core, close } = await log.run([stuck.configured]);
    log.append(1, 7);
    await until("it was tried", () => stuck.requests.length > 1);
    // None of these matches.
    for (let i = 0; i < 20; i++) log.append(4 + i * 7, 3);
    expect(core.status()).toMatchObject([{ lagSpans: 67, filteredSpans: 0 }]);
    await close(AbortSignal.abort());
    down = false;
    const again = destination("stuck", () => DELIVERED, { filter: OPS });
    const { core: next } = await log.run([again.configured]);
    await until("all is done", () => next.status()[0]?.lagSpans === 0);
    expect(again.delivered).toEqual([3]);
    expect(next.status()).toMatchObject([{ filteredSpans: 66 }]);
  });

  it("are exchanged while it runs: what is not yet under way goes by the new one", async () => {
    const log = store();
    const some = destination("some", () => DELIVERED, { filter: OPS });
    const { core } = await log.run([some.configured]);
    log.append(1, 70);
    await until("the first are done", () => core.status()[0]?.lagSpans === 0);
    core.filterExports(new Map([["some", even(200)]]));
    log.append(71, 70);
    await until("the next are done", () => core.status()[0]?.lagSpans === 0);
    const deep = Array.from({ length: 70 }).reduce<SpanFilter>((of) => ({ op: "not", of }), { op: "all" });
    expect(() => core.filterExports(new Map([["some", deep]]))).toThrow("nested deeper");
    log.append(141, 10);
    await until("they are done", () => core.status()[0]?.lagSpans === 0);
    core.filterExports(new Map());
    log.append(151, 3);
    await until("the last are done", () => core.status()[0]?.lagSpans === 0);
    const isEven = (id: number) => id % 2 === 0;
    expect(some.delivered).toEqual([
      ...numbers(1, 70).filter(isOp3),
      ...numbers(71, 80).filter(isEven),
      ...numbers(151, 3),
    ]);
  });

  it("let others work while they look at a long backlog, and closing waits where all is to be sent", async () => {
    const log = store({ segment: { maxSpans: 1_000_000, maxBytes: 1 << 30, maxAgeMs: 3_600_000 } });
    const blocks = 150;
    for (let i = 0; i < blocks; i++) log.append(1 + i * 1000, 1000);
    const last: SpanFilter = {
      op: "compare",
      field: { scope: "span", key: "number" },
      is: "=",
      value: { type: "int", value: BigInt(blocks * 1000) },
    };
    const one = destination("one", () => DELIVERED, { startAt: "oldest", filter: last });
    const { core, close } = await log.run([one.configured], {}, { drainOnClose: true });
    // It has begun, and stopped before the end of the log.
    expect(one.requests).toEqual([]);
    expect(core.status()[0]?.lagSpans).toBe(blocks * 1000);
    await close();
    expect(one.delivered).toEqual([blocks * 1000]);
    const again = await log.run([destination("one", () => DELIVERED).configured]);
    expect(again.core.status()).toMatchObject([{ lagSpans: 0, deliveredSpans: 1 }]);
  });
});
