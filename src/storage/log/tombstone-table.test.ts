import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { incoming, makeBody, range, scannerPipeline } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { recordingHost, storeSettings, tempFolder } from "../../../test/support/storage/rig.ts";
import { Sealer } from "../sealing/sealer.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { Catalog, catalogProblems } from "./catalog.ts";
import { IngestCore } from "./ingest-core.ts";
import type { SealTask } from "./seal-task.ts";
import { fileAccess, StoredSource } from "./stored-source.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

const traceId = (number: number) => Buffer.from(number.toString(16).padStart(32, "0"), "hex");

/** A catalog that holds three deletions. */
function catalogWithDeletions(): SqlDatabase {
  const db = testDriver.open(":memory:");
  cleanups.push(() => db.close());
  const catalog = new Catalog(db, "");
  catalog.addTombstones([traceId(1), traceId(2)], 10, 1);
  catalog.addTombstones([traceId(3)], 20, 2);
  return db;
}

it("deletions come back as they were, and go with their checksum", () => {
  const db = catalogWithDeletions();
  const catalog = new Catalog(db, "");
  expect(catalog.tombstones().map(({ id, through }) => [id, through])).toEqual([
    [1, 10],
    [2, 10],
    [3, 20],
  ]);
  catalog.dropTombstones(2);
  expect(new Catalog(db, "").tombstones().map(({ id }) => id)).toEqual([3]);
  catalog.dropTombstones(3);
  catalog.addTombstones([traceId(4)], 30, 3);
  expect(new Catalog(db, "").tombstones().map(({ id }) => id)).toEqual([4]);
  expect(catalogProblems(db)).toEqual([]);
});

it.each([
  ["another trace", "UPDATE tombstone SET trace_id = x'00000000000000000000000000000009' WHERE id = 2"],
  ["another reach", "UPDATE tombstone SET through = 11 WHERE id = 2"],
  ["another id", "UPDATE tombstone SET id = 9 WHERE id = 2"],
  ["a row less", "DELETE FROM tombstone WHERE id = 3"],
  ["none at all", "DELETE FROM tombstone"],
])("%s is noticed", (_, harm) => {
  const db = catalogWithDeletions();
  db.exec(harm);
  expect(catalogProblems(db)).toHaveLength(1);
  expect(() => new Catalog(db, "")).toThrow(/deletion/);
});

it("deletions of an older version are taken over, and checked from then on", () => {
  const db = testDriver.open(":memory:");
  cleanups.push(() => db.close());
  new Catalog(db, "");
  db.exec(`DROP TABLE tombstone; DELETE FROM meta WHERE key = 'tombstones_crc';
    CREATE TABLE tombstone (id INTEGER PRIMARY KEY AUTOINCREMENT, trace_id BLOB NOT NULL, through INTEGER NOT NULL,
      created_ms INTEGER NOT NULL);
    INSERT INTO tombstone VALUES (5, x'00000000000000000000000000000001', 7, 1)`);
  expect(catalogProblems(db)).toEqual([]);
  expect(new Catalog(db, "").tombstones()).toMatchObject([{ id: 5, through: 7 }]);
  db.exec("UPDATE tombstone SET through = 8");
  expect(() => new Catalog(db, "")).toThrow(/deletion/);
});

it("a deletion holds in a segment that had others applied before the catalog was lost", async () => {
  const temp = tempFolder();
  cleanups.push(() => temp.remove());
  const open = () => {
    const core = new IngestCore({
      settings: storeSettings(temp.path, recordingHost(), { sealing: { enabled: true, minAgeMs: 0 } }),
      driver: testDriver,
      pipeline: scannerPipeline(),
      host: recordingHost(),
      release: async () => {},
    });
    const source = new StoredSource(fileAccess(testDriver, temp.path), () => {});
    const close = () => {
      source.close();
      core.close();
    };
    return { core, source, close };
  };
  const first = open();
  const body = makeBody(
    "s",
    [1, 2, 3].flatMap((trace) => range(trace * 10, 10).map((span) => ({ ...span, trace }))),
  );
  first.core.append([incoming(body)]);
  for (const trace of [1, 2]) await first.core.maintain({ type: "delete_traces", traceIds: [traceId(trace)] });
  await first.core.maintain({ type: "roll" });
  const floor = { segment: Number.MAX_SAFE_INTEGER, block: 0 };
  const task = (await first.core.maintain({ type: "next_seal", floor, atOnce: true })) as SealTask;
  const sealer = new Sealer({ driver: testDriver, folder: temp.path, source: first.source, share: 1 });
  const outcome = await sealer.seal(task);
  first.source.release([task.source]);
  await first.core.maintain({ type: "finish_seal", task, outcome });
  first.close();
  for (const side of ["", "-wal", "-shm"]) rmSync(join(temp.path, `catalog.db${side}`), { force: true });

  const second = open();
  cleanups.push(second.close);
  const spans = () => second.source.segments().flatMap(({ id }) => second.source.blocksAfter(id, 0, 10)).length;
  expect(spans()).toBe(1);
  await second.core.maintain({ type: "delete_traces", traceIds: [traceId(3)] });
  expect(second.core.segments.tombstones()).toMatchObject([{ id: 3 }]);
});
