import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { incoming, spanNumbers } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { closeStores, numbers, store } from "../../../test/support/storage/exported-store.ts";
import { until } from "../../../test/support/storage/rig.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import type { AggregateKind, AggregateTable } from "../aggregates/aggregate-runner.ts";
import { createAggregates } from "../aggregates/builtin.ts";
import { DependencyReader } from "../aggregates/dependency-reader.ts";
import type { LogAges } from "../aggregates/received-hours.ts";
import { readRed } from "../aggregates/red-table.ts";
import type { LogHead } from "../log/log-reader.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";

afterEach(closeStores);

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
