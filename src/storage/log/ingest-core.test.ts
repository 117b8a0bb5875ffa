import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { incoming, makeBody, range, scannerPipeline, spanNumbers } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { recordingHost, storeSettings, tempFolder } from "../../../test/support/storage/rig.ts";
import type { StoreSettings } from "../../component/store.ts";
import { decodeBlockIndex } from "../block/block-index.ts";
import type { SqlDriver } from "../sqlite/driver.ts";
import { IngestCore } from "./ingest-core.ts";
import { fileAccess, StoredSource } from "./stored-source.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

function folder(): string {
  const temp = tempFolder();
  cleanups.push(() => temp.remove());
  return temp.path;
}

interface Opened {
  readonly core: IngestCore;
  readonly source: StoredSource;
  readonly host: ReturnType<typeof recordingHost>;
  readonly damaged: Promise<void>[];
  close(): void;
}

function open(
  path: string,
  changes: Partial<StoreSettings> = {},
  driver: SqlDriver = testDriver,
  now?: () => number,
): Opened {
  const host = recordingHost();
  let source: StoredSource | undefined;
  const core = new IngestCore({
    settings: storeSettings(path, host, changes),
    driver,
    pipeline: scannerPipeline(),
    host,
    release: async (ids) => source?.release(ids),
    ...(now === undefined ? {} : { now }),
  });
  const damaged: Promise<void>[] = [];
  source = new StoredSource(fileAccess(testDriver, path), (segment, reason) => {
    damaged.push(core.quarantine(segment, reason));
  });
  const opened = source;
  const close = () => {
    opened.close();
    core.close();
  };
  cleanups.push(close);
  return { core, source, host, damaged, close };
}

/** Appends spans in batches of 8 in one group; true when all were stored. */
function append({ core }: Opened, first: number, count: number, receivedAtMs?: number): boolean {
  const batches = [];
  for (let i = 0; i < count; i += 8) {
    batches.push(incoming(makeBody("s", range(first + i, Math.min(8, count - i))), receivedAtMs));
  }
  const outcomes = core.append(batches);
  core.settle();
  return outcomes.every((outcome) => outcome.type === "stored");
}

function stored(source: StoredSource): number[] {
  const numbers: number[] = [];
  for (const { id } of source.segments()) {
    for (const head of source.blocksAfter(id, 0, 10_000)) {
      if (source.body(id, head.block) !== undefined) numbers.push(...spanNumbers(decodeBlockIndex(head.index)));
    }
  }
  return numbers;
}

const numbers = (first: number, count: number) => range(first, count).map(({ id }) => id);
const segmentFiles = (path: string) => readdirSync(join(path, "segments")).sort();

describe("the log", () => {
  it("is there again after closing, goes on where it ended, and is visible while it grows", () => {
    const path = folder();
    const first = open(path);
    expect(append(first, 1, 100)).toBe(true);
    expect(stored(first.source)).toEqual(numbers(1, 100));
    expect(append(first, 101, 8)).toBe(true);
    expect(stored(first.source)).toEqual(numbers(1, 108));
    expect(first.source.visibleSequence()).toBe(2);
    first.close();
    expect(segmentFiles(path)).toEqual(["00000001.db"]);

    const second = open(path);
    expect(second.core.sequence).toBe(2);
    append(second, 109, 3);
    expect(stored(second.source)).toEqual(numbers(1, 111));
    expect(second.source.end()).toMatchObject({ segment: 1, block: 3, sequence: 3, spansThrough: 111 });
    expect(second.source.stats()).toMatchObject({ spans: 111, batches: 3, segments: 1 });
    expect(second.source.operations(1).operations).toHaveLength(7);
  });

  it("refuses a bad batch alone and stores the others of its group", () => {
    const opened = open(folder());
    const outcomes = opened.core.append([
      incoming(makeBody("s", range(1, 2))),
      incoming(Uint8Array.of(0xff)),
      incoming(makeBody("s", range(3, 2))),
    ]);
    expect(outcomes.map(({ type }) => type)).toEqual(["stored", "failed", "stored"]);
    expect(outcomes[1]).toMatchObject({ error: { code: "malformed", retryable: false } });
    expect(stored(opened.source)).toEqual([1, 2, 3, 4]);
  });

  it("rolls by spans, and a start finds all segments", () => {
    const path = folder();
    const first = open(path, { segment: { maxSpans: 50, maxBytes: 1 << 30, maxAgeMs: 3_600_000 } });
    for (let i = 0; i < 5; i++) append(first, 1 + i * 40, 40);
    expect(first.source.segments().map(({ status }) => status)).toEqual(["closed", "closed", "open"]);
    expect(first.source.stats()).toMatchObject({ spans: 200, batches: 5, segments: 3 });
    first.close();
    const second = open(path);
    expect(stored(second.source)).toEqual(numbers(1, 200));
    expect(second.source.blocksAfter(3, 0, 1)[0]).toMatchObject({ block: 1, sequence: 5, spansThrough: 200 });
  });

  it("rolls by age only when there are rows", () => {
    let now = 1_000_000;
    const opened = open(folder(), {}, testDriver, () => now);
    now += 4_000_000;
    opened.core.housekeep();
    expect(opened.source.segments()).toHaveLength(1);
    append(opened, 1, 1);
    expect(opened.source.segments()).toHaveLength(2);
  });
});

describe("retention", () => {
  it("unlinks old segments with their side files once the readers let go, and never uses a name again", async () => {
    const path = folder();
    const changes = {
      segment: { maxSpans: 10, maxBytes: 1 << 30, maxAgeMs: 1e12 },
      retention: { maxAgeMs: 60_000, maxBytes: undefined },
    };
    let now = 10_000_000;
    const opened = open(path, changes, testDriver, () => now);
    append(opened, 1, 10, now);
    now += 50_000;
    append(opened, 11, 10, now);
    expect(stored(opened.source)).toEqual(numbers(1, 20));
    now += 20_000;
    const removed: number[] = [];
    opened.source.onRemoved((ids) => removed.push(...ids));
    await opened.core.sweep();
    expect(removed).toEqual([1]);
    expect(segmentFiles(path).filter((name) => name.startsWith("00000001"))).toEqual([]);
    expect(stored(opened.source)).toEqual(numbers(11, 10));
    expect(opened.source.body(1, 1)).toBeUndefined();
    opened.close();
    const again = open(path, changes, testDriver, () => now);
    append(again, 21, 10, now);
    expect(again.source.segments().map(({ id }) => id)).toEqual([2, 3, 4]);
  });

  it("keeps all segments together under the limit of bytes", async () => {
    const path = folder();
    const maxBytes = 1_500_000;
    const opened = open(path, { retention: { maxAgeMs: undefined, maxBytes } });
    for (let i = 0; i < 60; i++) {
      append(opened, 1 + i * 400, 400);
      await opened.core.sweep();
    }
    expect(opened.source.segments().length).toBeGreaterThan(2);
    expect(opened.source.stats().diskBytes).toBeLessThanOrEqual(maxBytes * 1.25);
    expect(opened.source.segments()[0]?.id).toBeGreaterThan(1);
    expect(stored(opened.source).at(-1)).toBe(24_000);
  });
});

it("cursors and rates count in the limit of bytes", async () => {
  const path = folder();
  const maxBytes = 1_500_000;
  const opened = open(path, { retention: { maxAgeMs: undefined, maxBytes } });
  writeFileSync(join(path, "consumers.db"), new Uint8Array(600_000));
  for (let i = 0; i < 40; i++) {
    append(opened, 1 + i * 400, 400);
    await opened.core.sweep();
  }
  expect(opened.source.stats().diskBytes).toBeLessThanOrEqual((maxBytes - 600_000) * 1.25);
  expect(opened.source.segments().length).toBeGreaterThan(1);
});

describe("the folder", () => {
  it("belongs to one store at a time", () => {
    const path = folder();
    const first = open(path);
    expect(() => open(path)).toThrow(expect.objectContaining({ code: "data_folder_in_use" }));
    expect(() => open(path)).toThrow(new RegExp(`${path}.*process ${process.pid}`));
    first.close();
    append(open(path), 1, 1);
  });

  it("is refused while another process holds it, and free once that was killed", async () => {
    const path = folder();
    open(path).close();
    const sqlite = createRequire(import.meta.url).resolve("better-sqlite3");
    const holder = spawn(process.execPath, [
      "-e",
      `let Database;
       try { Database = require(${JSON.stringify(sqlite)}); new Database(":memory:").close(); }
       catch { Database = require("node:sqlite").DatabaseSync; }
       const db = new Database(${JSON.stringify(join(path, "lock.db"))});
       db.exec("BEGIN EXCLUSIVE");
       require("node:fs").writeFileSync(${JSON.stringify(join(path, "lock.json"))}, JSON.stringify({ pid: process.pid }));
       console.log("held"); setInterval(() => {}, 1000);`,
    ]);
    await once(holder.stdout, "data");
    expect(() => open(path)).toThrow(new RegExp(`in use by process ${holder.pid}`));
    holder.kill("SIGKILL");
    await once(holder, "exit");
    expect(append(open(path), 1, 1)).toBe(true);
  });

  it("that is a file is refused with what to do", () => {
    const path = join(folder(), "file");
    writeFileSync(path, "");
    expect(() => open(path)).toThrow(expect.objectContaining({ code: "data_folder_unusable" }));
    expect(() => open(path)).toThrow(/a file is in the way.*storage\.path/);
    expect(() => open(join(path, "below"))).toThrow(/a file is in the way/);
  });

  it("of a newer format is refused by name and left as it is", () => {
    const path = folder();
    open(path).close();
    const catalog = testDriver.open(join(path, "catalog.db"));
    catalog.exec("UPDATE meta SET value = '99' WHERE key = 'format_version'");
    catalog.close();
    expect(() => open(path)).toThrow(expect.objectContaining({ code: "data_format_unknown" }));
    expect(() => open(path)).toThrow(/format 99.*knows formats up to 2/);
  });
});

/** Overwrites bytes of a file in place. */
function spoil(file: string, at: number, bytes: Uint8Array): void {
  const fd = openSync(file, "r+");
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

describe("damage", () => {
  const twoSegments = (path: string) => {
    const opened = open(path, { segment: { maxSpans: 100, maxBytes: 1 << 30, maxAgeMs: 1e12 } });
    append(opened, 1, 100);
    append(opened, 101, 50);
    opened.close();
  };

  it("in a body puts the segment aside when it is read; the rest stays", async () => {
    const path = folder();
    twoSegments(path);
    const file = join(path, "segments", "00000001.db");
    const db = testDriver.open(file);
    const body = db.prepare<{ body: Uint8Array }>("SELECT body FROM block").get()?.body as Uint8Array;
    db.close();
    const at = readFileSync(file).indexOf(body.subarray(-100));
    expect(at).toBeGreaterThan(0);
    spoil(file, at + 50, Uint8Array.of(1, 2, 3, 4, 5));
    const opened = open(path);
    expect(stored(opened.source)).toEqual(numbers(101, 50));
    await Promise.all(opened.damaged);
    expect(opened.damaged).toHaveLength(1);
    expect(segmentFiles(path)).toContain("00000001.db.damaged");
    expect(segmentFiles(path)).not.toContain("00000001.db");
    expect(opened.host.lines).toContainEqual(
      expect.objectContaining({
        level: "error",
        fields: expect.objectContaining({ segment: 1, reason: expect.stringContaining("checksum") }),
      }),
    );
    const samples = opened.host.metrics.snapshot();
    expect(samples.find(({ name }) => name === "spanloom_storage_quarantined_segments")?.value).toBe(1);
  });

  it("of the open segment does not keep the store from starting", () => {
    const path = folder();
    twoSegments(path);
    spoil(join(path, "segments", "00000002.db"), 0, new Uint8Array(4096).fill(7));
    const opened = open(path);
    expect(append(opened, 201, 10)).toBe(true);
    expect(stored(opened.source)).toEqual([...numbers(1, 100), ...numbers(201, 10)]);
    expect(opened.source.segments().map(({ id }) => id)).toEqual([1, 3]);
    expect(segmentFiles(path)).toContain("00000002.db.damaged");
  });

  it("of the catalog is mended from the segments", () => {
    const path = folder();
    twoSegments(path);
    spoil(join(path, "catalog.db"), 0, new Uint8Array(100).fill(7));
    const opened = open(path);
    expect(stored(opened.source)).toEqual(numbers(1, 150));
    expect(append(opened, 151, 1)).toBe(true);
    expect(opened.source.end()).toMatchObject({ segment: 3, sequence: 3, spansThrough: 151 });
    expect(existsSync(join(path, "catalog.db.damaged"))).toBe(true);
  });

  it("by a removed file is reported", () => {
    const path = folder();
    twoSegments(path);
    const opened = open(path);
    opened.close();
    rmSync(join(path, "segments", "00000001.db"));
    const again = open(path);
    expect(stored(again.source)).toEqual(numbers(101, 50));
    expect(again.host.lines).toContainEqual(
      expect.objectContaining({ fields: expect.objectContaining({ segment: 1, reason: "the file is missing" }) }),
    );
  });
});

describe("a full disk", () => {
  it("refuses whole groups retryably, keeps what is there, and goes on by itself when there is space", () => {
    let maxPages = 1_000_000;
    const limited: SqlDriver = {
      open(path, options) {
        const db = testDriver.open(path, options);
        if (path.includes("segments")) db.exec(`PRAGMA max_page_count = ${maxPages}`);
        return db;
      },
    };
    const path = folder();
    const opened = open(path, {}, limited);
    expect(append(opened, 1, 100)).toBe(true);
    opened.close();

    maxPages = 1;
    const full = open(path, {}, limited);
    const body = () => makeBody("s", range(101, 500, 4, 2000));
    const outcomes = full.core.append([incoming(body()), incoming(Uint8Array.of(0xff)), incoming(body())]);
    expect(outcomes).toMatchObject([
      { type: "failed", error: { code: "storage_full", retryable: true, retryAfterMs: expect.any(Number) } },
      { type: "failed", error: { code: "malformed" } },
      { type: "failed", error: { code: "storage_full" } },
    ]);
    expect(stored(full.source)).toEqual(numbers(1, 100));
    maxPages = 1_000_000;
    expect(append(full, 601, 20)).toBe(true);
    expect(stored(full.source)).toEqual([...numbers(1, 100), ...numbers(601, 20)]);
  });
});
