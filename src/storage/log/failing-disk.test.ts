import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { incoming, makeBody, range, scannerPipeline, spanNumbers } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { failingDisk } from "../../../test/support/storage/failing-driver.ts";
import { recordingHost, storeSettings, tempFolder, until } from "../../../test/support/storage/rig.ts";
import { openConsumersDb } from "../consumers/consumers-db.ts";
import { createTraceReader } from "../read/trace-reader.ts";
import { IngestCore } from "./ingest-core.ts";
import { LogReader } from "./log-reader.ts";
import { fileAccess, StoredSource } from "./stored-source.ts";

const never = new AbortController().signal;
const EVERYTHING = { filter: { op: "all" }, limit: 100, count: true } as const;

let temp: ReturnType<typeof tempFolder>;
const cleanups: (() => void)[] = [];
beforeEach(() => {
  temp = tempFolder();
});
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
  temp.remove();
});

function open(disk = failingDisk(), path = temp.path) {
  const host = recordingHost();
  const troubles: (string | undefined)[] = [];
  const core = new IngestCore({
    settings: storeSettings(path, host, { segment: { maxSpans: 20, maxBytes: 1 << 30, maxAgeMs: 1e12 } }),
    driver: disk.driver,
    pipeline: scannerPipeline(),
    host,
    release: async () => {},
    onTrouble: (reason) => troubles.push(reason),
  });
  cleanups.push(() => core.close());
  testDriver.open(join(path, "consumers.db")).close();
  const reported: Promise<void>[] = [];
  const readTroubles: (string | undefined)[] = [];
  const source = new StoredSource(
    fileAccess(disk.driver, path),
    (segment, reason) => reported.push(core.quarantine(segment, reason)),
    { onTrouble: (reason) => readTroubles.push(reason) },
  );
  cleanups.push(() => source.close());
  return {
    disk,
    host,
    core,
    source,
    reported,
    troubles,
    readTroubles,
    reader: createTraceReader(source),
    append(first: number, count = 10) {
      const [outcome] = core.append([incoming(makeBody("s", range(first, count)))]);
      core.settle();
      return outcome;
    },
    errors: () => host.lines.filter(({ level }) => level === "error").map(({ message }) => message),
  };
}

const setAside = (path = temp.path) => [
  ...readdirSync(path).filter((name) => name.includes("damaged")),
  ...readdirSync(join(path, "segments")).filter((name) => name.includes("damaged")),
];

describe("a disk that fails for a while", () => {
  it("makes answers incomplete with a reason, sets nothing aside, and all is back when it is", async () => {
    const store = open();
    for (let first = 1; first < 61; first += 10) store.append(first);
    expect(store.source.segments()).toHaveLength(4);
    store.disk.fail("00000002.db");
    const found = await store.reader.find(EVERYTHING, never);
    expect(found).toMatchObject({
      complete: false,
      reason: expect.stringMatching(/cannot be read now.*00000002\.db/),
      total: { exact: false },
    });
    expect(found.traces.length).toBeGreaterThan(5);
    expect(store.readTroubles).toEqual([expect.stringContaining("00000002.db")]);
    const gaps: string[] = [];
    const id = Buffer.from((6).toString(16).padStart(32, "0"), "hex");
    await store.reader.trace(id, never, (reason) => gaps.push(reason));
    expect(gaps).toHaveLength(1);
    await store.reader.services(never, (reason) => gaps.push(reason));
    expect(gaps).toHaveLength(2);

    store.disk.heal();
    await Promise.all(store.reported);
    expect(setAside()).toEqual([]);
    expect(store.core.segments.quarantined).toBe(0);
    await until("nothing fails any more", () => store.readTroubles.at(-1) === undefined);
    const again = await store.reader.find(EVERYTHING, never);
    expect(again).toMatchObject({ complete: true, total: { exact: true } });
    expect(again.reason).toBeUndefined();
    expect(again.traces.reduce((sum, { spanCount }) => sum + spanCount, 0)).toBe(60);
    gaps.length = 0;
    const trace = await store.reader.trace(id, never, (reason) => gaps.push(reason));
    expect(trace.flatMap(({ block }) => spanNumbers(block.columns))).not.toEqual([]);
    expect(gaps).toEqual([]);
  });

  it("keeps consumers waiting rather than passing over what they cannot read", async () => {
    const store = open();
    for (let first = 1; first < 61; first += 10) store.append(first);
    const log = new LogReader(store.source, { consumers: 1 });
    let at = log.oldest();
    const end = log.end();
    store.disk.fail("00000002.db");
    const read: number[] = [];
    const readOn = () => {
      for (let row = log.next(at); row !== undefined; row = log.next(at)) {
        const entry = log.take(row);
        if (entry === undefined) break;
        read.push(...spanNumbers(entry.block.columns));
        at = entry.position;
      }
    };
    readOn();
    expect(read).toEqual(range(1, 20).map(({ id }) => id));
    expect(log.end()).toEqual(end);
    store.disk.heal();
    await Promise.all(store.reported);
    await until("nothing fails any more", () => store.readTroubles.at(-1) === undefined);
    readOn();
    expect(read).toEqual(range(1, 60).map(({ id }) => id));
  });

  it("met by a commit refuses that commit alone, and says so until it is over", () => {
    const store = open();
    expect(store.append(1)).toMatchObject({ type: "stored" });
    store.disk.fail("00000001.db");
    expect(store.append(11)).toMatchObject({ type: "failed", error: { retryable: true, code: "storage_unavailable" } });
    expect(store.append(21)).toMatchObject({ type: "failed" });
    expect(store.troubles).toEqual([expect.stringContaining("00000001.db")]);
    store.disk.heal();
    store.core.housekeep();
    store.core.housekeep();
    expect(store.troubles.at(-1)).toBeUndefined();
    expect(store.append(31)).toMatchObject({ type: "stored" });
    expect(setAside()).toEqual([]);
    expect(store.source.stats().spans).toBe(20);
  });
});

it("damage that a second look does not meet sets nothing aside, and is looked for once", async () => {
  const store = open();
  for (let first = 1; first < 61; first += 10) store.append(first);
  store.disk.fail("00000002.db", "corrupt", 1);
  expect(await store.reader.find(EVERYTHING, never)).toMatchObject({ complete: false });
  await Promise.all(store.reported);
  expect(setAside()).toEqual([]);
  expect(store.host.lines.map(({ message }) => message)).toEqual([
    "damage was met in a segment that is as it was written: the disk is failing",
  ]);
  await until("nothing fails any more", () => store.readTroubles.at(-1) === undefined);
  expect(await store.reader.find(EVERYTHING, never)).toMatchObject({ complete: true, total: { traces: 16 } });
});

it("damage that a second look meets too sets the segment aside", async () => {
  const store = open();
  for (let first = 1; first < 61; first += 10) store.append(first);
  store.disk.fail("00000002.db", "corrupt");
  await store.reader.find(EVERYTHING, never);
  await Promise.all(store.reported);
  expect(setAside()).toContain("00000002.db.damaged");
  expect(store.core.segments.quarantined).toBe(1);
});

it("a commit that met damage which is not there loses nothing: the next goes to another segment", () => {
  const store = open();
  store.append(1);
  store.disk.fail("00000001.db", "corrupt");
  expect(store.append(11)).toMatchObject({ type: "failed" });
  store.disk.heal();
  expect(store.append(11)).toMatchObject({ type: "stored" });
  expect(store.source.segments()).toMatchObject([
    { id: 1, status: "closed" },
    { id: 2, status: "open" },
  ]);
  expect(store.source.stats().spans).toBe(20);
});

it("a start on a segment that cannot be read goes on, refuses spans with the reason, and takes them when it can", () => {
  const before = open();
  before.append(1);
  before.core.close();
  const disk = failingDisk();
  disk.fail("00000001.db");
  const store = open(disk);
  expect(store.append(11)).toMatchObject({ type: "failed", error: { code: "storage_unavailable" } });
  expect(setAside()).toEqual([]);
  disk.heal();
  expect(store.append(11)).toMatchObject({ type: "stored" });
  expect(store.source.stats().spans).toBe(20);
});

it.each(["catalog.db", "consumers.db"])("%s that looks damaged once is opened again before it is put aside", (name) => {
  const before = open();
  before.append(1);
  before.core.close();
  let failures = 1;
  const driver: typeof testDriver = {
    open(path, options) {
      const disk = failingDisk();
      if (path.endsWith(name) && options?.readOnly !== true && failures-- > 0) disk.fail(name, "corrupt");
      return disk.driver.open(path, options);
    },
  };
  const { logger } = recordingHost();
  if (name === "consumers.db") {
    const { db, wasDamaged } = openConsumersDb(driver, join(temp.path, name), logger);
    expect(wasDamaged).toBe(false);
    db.close();
  } else {
    const store = open({ driver, fail() {}, heal() {} });
    expect(store.errors()).toEqual([]);
  }
  expect(failures).toBeLessThan(1);
  expect(setAside()).toEqual([]);
});

describe("the data folder", () => {
  it.each([
    ["removed", () => rmSync(temp.path, { recursive: true })],
    ["moved away", () => renameSync(temp.path, `${temp.path}.away`)],
    [
      "replaced by another",
      () => {
        renameSync(temp.path, `${temp.path}.away`);
        mkdirSync(join(temp.path, "segments"), { recursive: true });
        writeFileSync(join(temp.path, "segments", "00000001.db"), "");
      },
    ],
  ])("%s while it is in use: nothing is acknowledged any more, and the log says why", (_, act) => {
    cleanups.push(() => rmSync(`${temp.path}.away`, { recursive: true, force: true }));
    const store = open();
    expect(store.append(1)).toMatchObject({ type: "stored" });
    act();
    expect(store.append(11)).toMatchObject({
      type: "failed",
      error: { retryable: true, code: "storage_unavailable", message: expect.stringMatching(/removed|replaced/) },
    });
    store.core.housekeep();
    expect(store.errors()).toContainEqual(expect.stringContaining("the data folder was removed or replaced"));
    expect(store.troubles.at(-1)).toMatch(/removed|replaced/);
    expect(store.append(21)).toMatchObject({ type: "failed", error: { code: "storage_unavailable" } });
  });

  it("is used again where it comes back as it was", () => {
    const store = open();
    store.append(1);
    renameSync(temp.path, `${temp.path}.away`);
    store.core.housekeep();
    expect(store.append(11)).toMatchObject({ type: "failed" });
    renameSync(`${temp.path}.away`, temp.path);
    store.core.housekeep();
    expect(store.append(11)).toMatchObject({ type: "stored" });
    expect(store.troubles.at(-1)).toBeUndefined();
    expect(store.source.stats().spans).toBe(20);
  });
});

it("a missing file of a segment that the catalog lists is a gap, not an empty segment", async () => {
  const store = open();
  for (let first = 1; first < 41; first += 10) store.append(first);
  rmSync(join(temp.path, "segments", "00000001.db"));
  expect(await store.reader.find(EVERYTHING, never)).toMatchObject({
    complete: false,
    reason: expect.stringContaining("the file of segment 1 is missing"),
  });
});
