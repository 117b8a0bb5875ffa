import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { closeStores, DELIVERED, destination, numbers, store } from "../../../test/support/storage/exported-store.ts";
import { until } from "../../../test/support/storage/rig.ts";
import type { ExportOutcome } from "../../component/export.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";

afterEach(closeStores);

const never = () => new Promise<ExportOutcome>(() => {});
const EXACT = { startAt: "oldest", exact: true } as const;

/** The folder as a process leaves it that is ended by force now. */
function crashed(path: string): string {
  const copy = mkdtempSync(join(tmpdir(), "spanloom-export-"));
  cpSync(path, copy, { recursive: true });
  return copy;
}

function storedRequests(db: SqlDatabase): number {
  return db.prepare<{ count: number }>("SELECT count(*) AS count FROM request").get()?.count as number;
}

describe("exact exporters", () => {
  it("are sent the same parts under the same names after a crash", async () => {
    const log = store();
    log.append(1, 30);
    const before = destination("a", never, EXACT);
    await log.run([before.configured]);
    await until("the first part is under way", () => before.requests.length === 1);
    log.append(31, 30);

    const again = store({}, crashed(log.path));
    const after = destination("a", () => DELIVERED, EXACT);
    const { db } = await again.run([after.configured]);
    await until("all is sent", () => after.delivered.length === 60);
    expect(after.requests).toEqual([numbers(1, 30), numbers(31, 30)]);
    expect(after.ranges[0]).toBe(before.ranges[0]);
    expect(new Set(after.ranges).size).toBe(2);
    await until("nothing is kept of what the cursor has passed", () => storedRequests(db) === 0);
  });

  it("are sent all parts anew that were under way side by side", async () => {
    const log = store();
    log.append(1, 600);
    log.append(601, 600);
    const more = { ...EXACT, maxBatchSpans: 600, concurrency: 2 };
    const before = destination("a", never, more);
    await log.run([before.configured]);
    await until("both are under way", () => before.requests.length === 2);
    log.append(1201, 5);

    const after = destination("a", () => DELIVERED, { ...more, concurrency: 1, maxBatchSpans: 5_000 });
    await store({}, crashed(log.path)).run([after.configured]);
    await until("all is sent", () => after.delivered.length === 1205);
    expect(after.requests.map((ids) => ids.length)).toEqual([600, 600, 5]);
    expect(after.ranges.slice(0, 2)).toEqual(before.ranges);
  });

  it("have names that no other log's parts have", async () => {
    const names = await Promise.all(
      [1, 2].map(async () => {
        const log = store();
        log.append(1, 3);
        const one = destination("a", () => DELIVERED, EXACT);
        await log.run([one.configured]);
        await until("it is sent", () => one.delivered.length === 3);
        return one.ranges[0];
      }),
    );
    expect(names[0]).not.toBe(names[1]);
  });

  it("go on where nothing is left of what was under way before a crash", async () => {
    const log = store();
    log.append(1, 30);
    const before = destination("a", never, EXACT);
    await log.run([before.configured]);
    await until("it is under way", () => before.requests.length === 1);
    for (let first = 31; first < 1_000; first += 100) log.append(first, 100);

    const after = destination("a", () => DELIVERED, { ...EXACT, maxBacklogSpans: 200 });
    const { core } = await store({}, crashed(log.path)).run([after.configured]);
    await until("the newest are sent", () => core.status()[0]?.lagSpans === 0);
    expect(after.delivered.at(-1)).toBe(1_030);
  });

  it("begin anew where they are set back", async () => {
    const log = store();
    log.append(1, 10);
    const one = destination("a", () => DELIVERED, EXACT);
    const { core, db } = await log.run([one.configured]);
    await until("it is sent", () => core.status()[0]?.deliveredSpans === 10);
    log.append(11, 10);
    await until("the rest is sent", () => core.status()[0]?.deliveredSpans === 20);
    core.resend("a", undefined);
    await until("all is sent once more", () => one.delivered.length === 40);
    expect(one.requests.at(-1)).toEqual(numbers(1, 20));
    await until("nothing is kept", () => storedRequests(db) === 0);
  });

  it("others are not named, and nothing is stored for them", async () => {
    const log = store();
    log.append(1, 3);
    const one = destination("a", () => DELIVERED, { startAt: "oldest" });
    const { db } = await log.run([one.configured]);
    await until("it is sent", () => one.delivered.length === 3);
    expect(one.ranges).toEqual([undefined]);
    expect(storedRequests(db)).toBe(0);
  });
});

describe("exporters that gather", () => {
  it("wait until a request is full, or its oldest span is old enough", async () => {
    let now = Date.now();
    const log = store({}, undefined, () => now);
    const one = destination("a", () => DELIVERED, { startAt: "oldest", gatherMs: 60_000, maxBatchSpans: 512 });
    const other = destination("b", () => DELIVERED, { startAt: "oldest" });
    const { core } = await log.run([one.configured, other.configured], {}, { now: () => now });
    log.append(1, 500, now);
    await until("the other has it", () => other.delivered.length === 500);
    expect(one.requests).toEqual([]);
    log.append(501, 12, now);
    await until("it is full", () => one.delivered.length === 512);
    log.append(513, 1, now);
    await until("the other has it", () => other.delivered.length === 513);
    expect(one.delivered).toHaveLength(512);
    now += 60_000;
    core.advanced();
    await until("it is old enough", () => one.delivered.length === 513);
  });

  it("do not wait longer for a clock that was set back, though more and more comes", async () => {
    const start = Date.now();
    let now = start;
    const log = store({}, undefined, () => now);
    const one = destination("a", () => DELIVERED, { startAt: "oldest", gatherMs: 200 });
    const { core } = await log.run([one.configured], {}, { now: () => now });
    log.append(1, 1, start);
    now = start - 3_600_000;
    let next = 2;
    await until("it is sent", () => {
      if (one.delivered.length === 0) log.append(next++, 1, now);
      core.advanced();
      return one.delivered.length > 0;
    });
    expect(one.delivered[0]).toBe(1);
  });

  it("send what there is before the memory goes", async () => {
    const log = store();
    const one = destination("a", () => DELIVERED, { startAt: "oldest", gatherMs: 60_000 });
    const { close } = await log.run([one.configured], {}, { drainOnClose: true });
    log.append(1, 5);
    await close();
    expect(one.delivered).toEqual(numbers(1, 5));
  });
});
