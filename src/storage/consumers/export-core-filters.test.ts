import { afterEach, describe, expect, it, vi } from "vitest";
import {
  cleanups,
  closeStores,
  DELIVERED,
  destination,
  numbers,
  store,
} from "../../../test/support/storage/exported-store.ts";
import { until } from "../../../test/support/storage/rig.ts";
import type { SpanFilter } from "../../model/trace-query.ts";
import { StoredSource } from "../log/stored-source.ts";

afterEach(closeStores);

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
