import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { incoming, makeBody, range } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { openFolder } from "../../../test/support/storage/open-folder.ts";
import { recordingHost, tempFolder } from "../../../test/support/storage/rig.ts";
import { openConsumersDb } from "../consumers/consumers-db.ts";
import { CursorStore } from "../consumers/cursor-store.ts";
import { FolderReader } from "./folder-reader.ts";

const SPANS = 170;
const none = () => {};

let temp: ReturnType<typeof tempFolder>;
let data: string;
beforeEach(() => {
  temp = tempFolder();
  data = join(temp.path, "data");
});
afterEach(() => temp.remove());

/**
 * A folder as a crash leaves it: 8 closed segments and an open one, the list in its write-ahead log, and a cursor at
 * the end.
 */
function crashed(): void {
  const live = join(temp.path, "live");
  const { core, close, source } = openFolder(live, { segment: { maxSpans: 20, maxBytes: 1 << 30, maxAgeMs: 1e12 } });
  for (let first = 1; first <= SPANS; first += 10) {
    core.append([incoming(makeBody("s", range(first, 10)))]);
    core.settle();
  }
  const { db } = openConsumersDb(testDriver, join(live, "consumers.db"), recordingHost().logger);
  const counts = { delivered: 0, rejected: 0, lost: 0, retries: 0 };
  new CursorStore(db).save(new Map([["otlp", { position: source.end(), ...counts }]]));
  db.close();
  mkdirSync(join(data, "segments"), { recursive: true });
  for (const name of readdirSync(live, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const path = join(name.parentPath, name.name);
    copyFileSync(path, join(data, path.slice(live.length)));
  }
  close();
}

/** One bit in the middle of the write-ahead log of the list: SQLite passes over all that comes after. */
function flipInList(): void {
  const wal = join(data, "catalog.db-wal");
  const bytes = readFileSync(wal);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(wal, bytes);
}

async function withReader<T>(folder: string, work: (reader: FolderReader) => Promise<T>): Promise<T> {
  const reader = new FolderReader(testDriver, folder);
  try {
    return await work(reader);
  } finally {
    reader.close();
  }
}
const check = (folder = data) => withReader(folder, (reader) => reader.check(none));
const backup = (target: string) => withReader(data, (reader) => reader.backup(target, none));

describe("a data folder that is whole", () => {
  it("has no problems, and neither has its copy", async () => {
    crashed();
    expect(await check()).toMatchObject({ spans: SPANS, problems: [] });
    const target = join(temp.path, "copy");
    expect(await backup(target)).toEqual({ segments: 9, problems: [] });
    expect(await check(target)).toMatchObject({ spans: SPANS, problems: [] });
  });
});

describe("a copy of a folder that is in use", () => {
  it("has no file of a segment that retention removed while it was made: a start would take it in again", async () => {
    const segment = { maxSpans: 20, maxBytes: 1 << 30, maxAgeMs: 1e12 };
    const filled = openFolder(data, { segment });
    for (let first = 1; first <= 100; first += 10) {
      filled.core.append([incoming(makeBody("s", range(first, 10)))]);
      filled.core.settle();
    }
    filled.close();
    const live = openFolder(data, { segment, retention: { maxAgeMs: 1, maxBytes: undefined } });
    const target = join(temp.path, "copy");
    const before = new Set(readdirSync(join(data, "segments")));
    const report = await withReader(data, (reader) =>
      // Segments were copied by then, and go.
      reader.backup(target, (done) => void (done === 3 && live.core.sweep())),
    );
    live.close();
    expect(report.problems).toEqual([]);
    const files = readdirSync(join(target, "segments"));
    expect([...before].filter((name) => name.endsWith(".db") && !files.includes(name))).not.toEqual([]);
    expect(files).toHaveLength(report.segments);
    expect(await check(target)).toMatchObject({ segments: report.segments, problems: [] });
  });
});

describe("a list of segments that has lost its end by one flipped bit", () => {
  beforeEach(() => {
    crashed();
    flipInList();
  });

  it("is found by a check, which says what is missing", async () => {
    const { spans, problems } = await check();
    expect(spans).toBeLessThan(SPANS);
    const unlisted = problems.filter(({ reason }) => /spans in \d+ rows of \d{8}\.db are not in the list/.test(reason));
    const missing = unlisted.reduce((sum, { reason }) => sum + Number(/^\d+/.exec(reason)?.[0]), 0);
    expect(spans + missing).toBe(SPANS);
    expect(problems).toContainEqual({
      file: "consumers.db",
      reason: expect.stringContaining(`the newest ${missing} spans are missing`),
    });
  });

  it("is said of a backup, which holds them all the same: a start on it takes them in", async () => {
    const target = join(temp.path, "copy");
    const { problems } = await backup(target);
    expect(problems.map(({ reason }) => reason).join()).toContain("are not in the list of segments");
    openFolder(target).close();
    expect(await check(target)).toMatchObject({ spans: SPANS, problems: [] });
  });
});

describe("a segment file that is missing", () => {
  it("is named by a check and by a backup", async () => {
    crashed();
    rmSync(join(data, "segments", "00000003.db"));
    rmSync(join(data, "segments", "00000003.db-wal"), { force: true });
    const missing = { segment: 3, reason: expect.stringContaining("the file of segment 3 is missing") };
    expect((await check()).problems).toContainEqual(missing);
    expect((await backup(join(temp.path, "copy"))).problems).toContainEqual(missing);
  });
});

describe("a log that has lost its end", () => {
  it("is found by what the cursors have passed", async () => {
    crashed();
    const wal = join(data, "segments", "00000009.db-wal");
    const bytes = readFileSync(wal);
    // The last of the frames: the commit of the last row.
    writeFileSync(wal, bytes.subarray(0, bytes.length - 100));
    const { problems } = await check();
    expect(problems).toEqual([
      {
        file: "consumers.db",
        reason: expect.stringMatching(
          /otlp has read row 17 of the log, which ends at row 16: the newest 10 spans are missing/,
        ),
      },
    ]);
  });
});
