import { cpSync, mkdtempSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { incoming, makeBody, spanNumbers } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { closeStores, DELIVERED, destination, numbers, store } from "../../../test/support/storage/exported-store.ts";
import { until } from "../../../test/support/storage/rig.ts";
import type { ExportOutcome } from "../../component/export.ts";
import type { ConfiguredExporter } from "../../component/store.ts";
import type { AggregateTable } from "../aggregates/aggregate-runner.ts";
import type { SealTask } from "../log/seal-task.ts";
import { fileAccess, StoredSource } from "../log/stored-source.ts";
import { Sealer } from "../sealing/sealer.ts";

afterEach(closeStores);

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

it("stores what aggregates have counted when it has to be, however long that takes", async () => {
  let flushes = 0;
  const table: AggregateTable = {
    slow: {
      rememberSpans: 0,
      expire() {},
      create: () => ({
        load() {},
        remember() {},
        consume() {},
        flush() {
          flushes++;
          // Long enough that the next second is too early for another.
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
        },
        undoFlush() {},
      }),
    },
  };
  const log = store();
  const { core } = await log.run([], table);
  for (const block of [1, 2, 3]) {
    log.append(block * 10, 10);
    await core.catchUp();
    expect(core.floor()).toEqual({ segment: 1, block });
  }
  expect(flushes).toBe(3);
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
