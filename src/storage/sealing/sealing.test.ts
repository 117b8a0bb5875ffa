import { cpSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { incoming, makeBody, range, scannerPipeline, spanNumbers } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { recordingHost, storeSettings, tempFolder } from "../../../test/support/storage/rig.ts";
import { materialiseBody } from "../../codec/otlp/cut/materialise.ts";
import type { StoreSettings } from "../../component/store.ts";
import { parseTraceId } from "../../model/ids.ts";
import type { Cursor } from "../../model/log.ts";
import { decodeBlockIndex } from "../block/block-index.ts";
import { IngestCore } from "../log/ingest-core.ts";
import { LogReader } from "../log/log-reader.ts";
import type { SealOutcome, SealTask } from "../log/seal-task.ts";
import type { LogPosition } from "../log/segment-source.ts";
import { fileAccess, StoredSource } from "../log/stored-source.ts";
import { createTraceReader } from "../read/trace-reader.ts";
import type { SealingStep } from "./sealed-file.ts";
import { Sealer } from "./sealer.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

function folder(): string {
  const temp = tempFolder();
  cleanups.push(() => temp.remove());
  return temp.path;
}

const EVERYTHING: Cursor = { segment: Number.MAX_SAFE_INTEGER, block: 0 };

function open(path: string, changes: Partial<StoreSettings> = {}, onStep: (step: SealingStep) => void = () => {}) {
  const host = recordingHost();
  const sources: StoredSource[] = [];
  const released: number[] = [];
  const core = new IngestCore({
    settings: storeSettings(path, host, {
      segment: { maxSpans: 400, maxBytes: 1 << 30, maxAgeMs: 1e9 },
      sealing: { enabled: true, minAgeMs: 0 },
      ...changes,
    }),
    driver: testDriver,
    pipeline: scannerPipeline(),
    host,
    release: async (ids) => {
      released.push(...ids);
      for (const source of sources) source.release(ids);
    },
  });
  const source = new StoredSource(fileAccess(testDriver, path), (segment, reason) => {
    void core.quarantine(segment, reason);
  });
  sources.push(source);
  const sealer = new Sealer({ driver: testDriver, folder: path, source, share: 1, onStep });
  const opened = {
    core,
    source,
    host,
    released,
    sealer,
    append(first: number, count: number, perTrace = 50) {
      for (let at = first; at < first + count; at += 40) {
        const [outcome] = core.append([
          incoming(makeBody(`service-${at % 3}`, range(at, Math.min(40, first + count - at), perTrace))),
        ]);
        core.settle();
        expect(outcome?.type).toBe("stored");
      }
    },
    next: (floor = EVERYTHING, atOnce = false) =>
      core.maintain({ type: "next_seal", floor, atOnce }) as Promise<SealTask | undefined>,
    finish: (task: SealTask, outcome: SealOutcome) => core.maintain({ type: "finish_seal", task, outcome }),
    async sealAll(): Promise<SealOutcome["type"][]> {
      const outcomes: SealOutcome["type"][] = [];
      for (let task = await opened.next(); task !== undefined; task = await opened.next()) {
        const outcome = await sealer.seal(task);
        await opened.finish(task, outcome);
        outcomes.push(outcome.type);
      }
      return outcomes;
    },
    close() {
      source.close();
      core.close();
    },
  };
  cleanups.push(() => opened.close());
  return opened;
}

function stored(source: StoredSource): number[] {
  const ids: number[] = [];
  for (const { id } of source.segments()) {
    for (const head of source.blocksAfter(id, 0, 10_000)) {
      expect(source.body(id, head.block)).toBeDefined();
      ids.push(...spanNumbers(decodeBlockIndex(head.index)));
    }
  }
  return ids.sort((a, b) => a - b);
}

const numbers = (first: number, count: number) => range(first, count).map(({ id }) => id);
const files = (path: string) => readdirSync(join(path, "segments")).sort();
const databases = (path: string) => files(path).filter((name) => name.endsWith(".db"));
const traceOf = (n: number) => parseTraceId(n.toString(16)) as Uint8Array;
const never = new AbortController().signal;

describe("sealing", () => {
  it("rewrites closed segments in their places: the same spans, smaller, and still there after a restart", async () => {
    const path = folder();
    const opened = open(path);
    opened.append(1, 1000);
    const before = opened.source.stats();
    const reader = createTraceReader(opened.source);
    const trace = materialiseBody(await reader.trace(traceOf(3), never));
    expect(await opened.sealAll()).toEqual(["sealed", "sealed"]);
    expect(stored(opened.source)).toEqual(numbers(1, 1000));
    expect(opened.source.segments().map(({ position, status }) => [position, status])).toEqual([
      [1, "closed"],
      [2, "closed"],
      [3, "open"],
    ]);
    const after = opened.source.stats();
    expect(after).toMatchObject({ spans: 1000, segments: 3 });
    expect(after.diskBytes).toBeLessThan(before.diskBytes);
    expect(databases(path)).toHaveLength(opened.source.segments().length);
    // One reader knew the old segments, the other knows only the new ones.
    for (const one of [reader, createTraceReader(opened.source)]) {
      const fragments = await one.trace(traceOf(3), never);
      expect(fragments.flatMap(({ block, rows }) => rows.map((row) => spanNumbers(block.columns)[row])).sort()).toEqual(
        numbers(100, 50),
      );
      expect(materialiseBody(fragments).length).toBeGreaterThan(0.8 * trace.length);
      const found = await one.find({ filter: { op: "all" }, limit: 100 }, never);
      expect(found.traces.map(({ spanCount }) => spanCount).reduce((a, b) => a + b)).toBe(1000);
      expect(await one.services(never)).toEqual(["service-0", "service-1", "service-2"]);
    }
    opened.close();
    const again = open(path);
    expect(stored(again.source)).toEqual(numbers(1, 1000));
    again.append(1001, 40);
    expect(again.source.end()).toMatchObject({ segment: 3, spansThrough: 1040 });
    expect(again.host.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("waits for every cursor and for the age that is set", async () => {
    const opened = open(folder(), { sealing: { enabled: true, minAgeMs: 60_000 } });
    opened.append(1, 500);
    expect(await opened.next()).toBeUndefined();
    expect(await opened.next({ segment: 1, block: 9 }, true)).toBeUndefined();
    expect(await opened.next({ segment: 1, block: 10 }, true)).toMatchObject({ source: 1, sealed: false });
    expect(await opened.next({ segment: 2, block: 0 }, true)).toMatchObject({ source: 1 });
  });

  it("gives consumers that come later all spans once, and leaves the place of others as it is", async () => {
    const opened = open(folder());
    opened.append(1, 1000);
    const passed = new LogReader(opened.source, { consumers: 1 }).back(opened.source.end(), 200);
    await opened.sealAll();
    const read = (from: LogPosition) => {
      const log = new LogReader(opened.source, { consumers: 1 });
      const ids: number[] = [];
      for (let row = log.next(from); row !== undefined; row = log.next(row.position)) {
        const entry = log.take(row);
        expect(entry?.block.columns.count).toBe(row.spans);
        ids.push(...spanNumbers(row.columns));
      }
      return ids.sort((a, b) => a - b);
    };
    const log = new LogReader(opened.source, { consumers: 1 });
    expect(log.oldest()).toMatchObject({ segment: 1, block: 0, spansThrough: 0 });
    expect(read(log.oldest())).toEqual(numbers(1, 1000));
    expect(passed.segment).toBe(2);
    expect(read({ segment: 2, block: 10, sequence: 20, spansThrough: 800 })).toEqual(numbers(801, 200));
  });

  it("gives its work up when the segment is removed meanwhile, whenever that is", async () => {
    const path = folder();
    const opened = open(path);
    opened.append(1, 500);
    const task = (await opened.next()) as SealTask;
    const outcome = await opened.sealer.seal(task);
    expect(outcome.type).toBe("sealed");
    await opened.core.maintain({ type: "delete_all" });
    await opened.finish(task, outcome);
    expect(stored(opened.source)).toEqual([]);
    expect(databases(path)).toHaveLength(opened.source.segments().length);
    opened.append(501, 500);
    const second = (await opened.next()) as SealTask;
    await opened.core.maintain({ type: "delete_all" });
    expect(await opened.sealer.seal(second)).toMatchObject({ type: "abandoned" });
    expect(files(path).filter((name) => name.includes("sealing"))).toEqual([]);
  });

  it("puts a damaged segment aside instead of sealing half of it", async () => {
    const path = folder();
    const opened = open(path);
    opened.append(1, 500);
    opened.close();
    const db = testDriver.open(join(path, "segments", "00000001.db"));
    db.exec("UPDATE block SET body = zeroblob(length(body)) WHERE row = 4");
    db.close();
    const again = open(path);
    const task = (await again.next()) as SealTask;
    const outcome = await again.sealer.seal(task);
    expect(outcome).toMatchObject({ type: "abandoned" });
    await again.finish(task, outcome);
    expect(stored(again.source)).toEqual(numbers(401, 100));
  });

  it("loses and doubles nothing when the process ends between any two of its steps", async () => {
    const path = folder();
    const copies: { step: string; path: string }[] = [];
    let counted = 0;
    const opened = open(path, {}, (step) => snapshot(`${step}-${counted++}`));
    const snapshot = (step: string) => {
      const copy = folder();
      cpSync(path, copy, { recursive: true });
      copies.push({ step, path: copy });
    };
    opened.append(1, 900);
    await opened.core.maintain({ type: "delete_traces", traceIds: [traceOf(5)] });
    const task = (await opened.next()) as SealTask;
    const outcome = await opened.sealer.seal(task);
    snapshot("before the catalog");
    const finished = opened.finish(task, outcome);
    snapshot("in the catalog");
    await finished;
    snapshot("done");
    expect(copies.map(({ step }) => step.split("-")[0])).toEqual([
      ...["created", "row", "written", "synced", "renamed", "before the catalog", "in the catalog", "done"],
    ]);
    const wanted = numbers(1, 900).filter((id) => id < 200 || id >= 250);
    for (const copy of copies) {
      const again = open(copy.path);
      expect([copy.step, stored(again.source)]).toEqual([copy.step, wanted]);
      expect(files(copy.path).filter((name) => !name.endsWith(".db") && name.includes("sealing"))).toEqual([]);
      expect(await again.sealAll()).not.toContain("abandoned");
      expect(stored(again.source)).toEqual(wanted);
      expect(databases(copy.path)).toHaveLength(again.source.segments().length);
      expect(again.host.lines.filter(({ level }) => level === "error")).toEqual([]);
      again.close();
    }
  });

  it("finds its segments again when the catalog is lost, and takes the sealed one of two", async () => {
    const path = folder();
    const opened = open(path);
    opened.append(1, 500);
    const copy = folder();
    cpSync(path, copy, { recursive: true });
    await opened.core.maintain({ type: "delete_traces", traceIds: [traceOf(2)] });
    await opened.sealAll();
    opened.close();
    cpSync(join(copy, "segments", "00000001.db"), join(path, "segments", "00000001.db"));
    for (const side of ["", "-wal", "-shm"]) rmSync(join(path, `catalog.db${side}`), { force: true });
    writeFileSync(join(path, "catalog.db"), "no database at all, but long enough to be looked at".repeat(100));
    const again = open(path);
    const left = numbers(1, 500).filter((id) => id < 50 || id >= 100);
    expect(stored(again.source)).toEqual(left);
    expect(again.source.segments().map(({ position }) => position)).toEqual([1, 2, 4]);
    expect(existsSync(join(path, "segments", "00000001.db"))).toBe(false);
  });
});

describe("deletion", () => {
  it("of a trace is seen by reads and exports at once, also after a restart, and by sealing for good", async () => {
    const path = folder();
    const opened = open(path);
    opened.append(1, 600);
    const reader = createTraceReader(opened.source);
    const log = new LogReader(opened.source, { consumers: 1 });
    expect(await reader.trace(traceOf(3), never)).not.toEqual([]);
    const rows = [];
    for (let at = log.oldest(), row = log.next(at); row !== undefined; row = log.next(at)) {
      rows.push(row);
      at = row.position;
    }
    const held = rows.flatMap((row) => log.take(row) ?? []).map(({ block, rows: all }) => ({ block, rows: all }));

    await opened.core.maintain({ type: "delete_traces", traceIds: [traceOf(3), traceOf(12)] });
    const gone = (id: number) => (id >= 100 && id < 150) || (id >= 550 && id < 600);
    const left = numbers(1, 600).filter((id) => !gone(id));
    expect(stored(opened.source)).toEqual(left);
    expect(await reader.trace(traceOf(3), never)).toEqual([]);
    const found = await reader.find({ filter: { op: "all" }, limit: 100 }, never);
    expect(found.traces.map(({ spanCount }) => spanCount).reduce((a, b) => a + b)).toBe(left.length);
    // A request that waits to be sent again, and a row that was read but not sent.
    const again = log.withoutDeleted(held);
    const spansOf = (fragments: typeof again) =>
      fragments.flatMap(({ block, rows: all }) => all.map((row) => spanNumbers(block.columns)[row] as number));
    expect(spansOf(again).sort((a, b) => a - b)).toEqual(left);
    const fresh = log.next(log.oldest());
    expect(fresh && log.take(fresh)).toBeDefined();

    opened.append(550, 40);
    expect(stored(opened.source).filter(gone)).toEqual(numbers(550, 40));
    opened.close();
    const second = open(path);
    expect(stored(second.source)).toEqual([...left, ...numbers(550, 40)].sort((a, b) => a - b));
    // What was sent on holds nothing that was deleted.
    const other = new LogReader(second.source, { consumers: 1 });
    for (let at = other.oldest(), row = other.next(at); row !== undefined; row = other.next(at)) {
      const entry = other.take(row);
      at = row.position;
      if (entry === undefined || entry.rows.length === 0) continue;
      const sent = second.core.append([incoming(materialiseBody([{ block: entry.block, rows: entry.rows }]).slice())]);
      expect(sent[0]).toMatchObject({ result: { accepted: entry.rows.length } });
      break;
    }
    await second.core.maintain({ type: "roll" });
    await second.sealAll();
    expect(second.core.segments.tombstones()).toEqual([]);
    expect(stored(second.source).filter((id) => id >= 100 && id < 150)).toEqual([]);
  });

  it("reaches segments that are sealed already, and removes those that hold nothing else", async () => {
    const path = folder();
    const opened = open(path);
    opened.append(1, 800, 1000);
    opened.append(2001, 400, 10);
    await opened.sealAll();
    await opened.core.maintain({ type: "delete_traces", traceIds: [traceOf(1)] });
    expect(stored(opened.source)).toEqual(numbers(2001, 400));
    expect((await opened.sealAll()).sort()).toEqual(["empty", "empty", "unchanged"]);
    expect(opened.core.segments.tombstones()).toEqual([]);
    expect(stored(opened.source)).toEqual(numbers(2001, 400));
    await opened.core.maintain({ type: "delete_traces", traceIds: [traceOf(201)] });
    expect(await opened.sealAll()).toEqual(["sealed"]);
    expect(opened.core.segments.tombstones()).toEqual([]);
    expect(stored(opened.source)).toEqual(numbers(2001, 400).filter((id) => id >= 2010 || id < 2000));
  });

  it("of everything frees the disk at once", async () => {
    const path = folder();
    const opened = open(path);
    opened.append(1, 900);
    await opened.core.maintain({ type: "delete_all" });
    expect(stored(opened.source)).toEqual([]);
    expect(databases(path)).toHaveLength(1);
    opened.append(901, 40);
    expect(stored(opened.source)).toEqual(numbers(901, 40));
  });
});
