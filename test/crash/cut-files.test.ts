import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Cursor } from "../../src/model/log.ts";
import { decodeBlockIndex } from "../../src/storage/block/block-index.ts";
import { segmentFileName } from "../../src/storage/folder/layout.ts";
import { IngestCore } from "../../src/storage/log/ingest-core.ts";
import type { SealTask } from "../../src/storage/log/seal-task.ts";
import { fileAccess, StoredSource } from "../../src/storage/log/stored-source.ts";
import { Sealer } from "../../src/storage/sealing/sealer.ts";
import { type RecordedLine, recordingHost } from "../support/host.ts";
import { seeded } from "../support/seed.ts";
import { incoming, makeBody, range, scannerPipeline, spanNumbers } from "../support/storage/batches.ts";
import { testDriver } from "../support/storage/driver.ts";
import { storeSettings, tempFolder } from "../support/storage/rig.ts";
import { crashCases } from "../support/storage/rounds.ts";

const CUTS = crashCases(40, 200);
/** In each of the files. */
const FLIPS = crashCases(20, 100);
const BATCHES = 70;
const BATCH = 8;
const body = (batch: number) => makeBody("s", range(1 + batch * BATCH, BATCH));

function openCore(path: string) {
  const host = recordingHost();
  const core = new IngestCore({
    settings: storeSettings(path, host, {
      segment: { maxSpans: 200, maxBytes: 1 << 30, maxAgeMs: 1e12 },
      sealing: { enabled: true, minAgeMs: 0 },
    }),
    driver: testDriver,
    pipeline: scannerPipeline(),
    host,
    release: async () => {},
  });
  return { core, errors: () => host.lines.filter(({ level }) => level === "error") };
}

interface Contents {
  /** Spans of every row that could be read, in the order of the log, with a digest of the row's body. */
  readonly rows: readonly { readonly ids: readonly number[]; readonly digest: string }[];
  readonly errors: readonly RecordedLine[];
  /** Segments that were put aside. */
  readonly aside: readonly string[];
}

/** Opens the folder as a start does, reads everything, puts aside what is damaged, and stores one more span. */
async function readAll(path: string): Promise<Contents> {
  const { core, errors } = openCore(path);
  const damaged = new Map<number, string>();
  const source = new StoredSource(fileAccess(testDriver, path), (segment, reason) => damaged.set(segment, reason));
  try {
    const rows: { ids: number[]; digest: string }[] = [];
    for (const { id } of source.segments()) {
      for (const head of source.blocksAfter(id, 0, 1000)) {
        const body = source.body(id, head.block);
        if (body === undefined) break;
        rows.push({
          ids: spanNumbers(decodeBlockIndex(head.index)),
          digest: createHash("sha256").update(body).digest("hex"),
        });
      }
    }
    for (const [segment, reason] of damaged) await core.quarantine(segment, reason);
    const [outcome] = core.append([incoming(makeBody("s", [{ id: 999_999 }]))]);
    expect(outcome?.type).toBe("stored");
    const aside = readdirSync(join(path, "segments")).filter((name) => name.endsWith(".db.damaged"));
    return { rows, errors: errors(), aside };
  } finally {
    source.close();
    core.close();
  }
}

interface Crashed {
  readonly path: string;
  readonly sealed: string;
  readonly closed: string;
  /** Its rows are still in its write-ahead log. */
  readonly open: string;
  readonly contents: Contents;
}

const EVERYTHING: Cursor = { segment: Number.MAX_SAFE_INTEGER, block: 0 };

/** A folder as a power cut leaves it. */
async function crash(path: string): Promise<Crashed> {
  const live = join(path, "live");
  const { core } = openCore(live);
  const source = new StoredSource(fileAccess(testDriver, live), () => {});
  const sealer = new Sealer({ driver: testDriver, folder: live, source, share: 1 });
  for (let batch = 0; batch < BATCHES; batch++) {
    core.append([incoming(body(batch))]);
    core.settle();
    if (core.segments.readable().length < 2 || core.segments.readable().some(({ sealed }) => sealed)) continue;
    const task = (await core.maintain({ type: "next_seal", floor: EVERYTHING, atOnce: true })) as SealTask;
    const outcome = await sealer.seal(task);
    source.release([task.source]);
    await core.maintain({ type: "finish_seal", task, outcome });
  }
  const copy = join(path, "crashed");
  cpSync(live, copy, { recursive: true });
  const segments = core.segments.readable();
  const name = (wanted: (entry: (typeof segments)[number]) => boolean) =>
    join("segments", segmentFileName(segments.find(wanted)?.id as number));
  source.close();
  core.close();
  const intact = join(path, "intact");
  cpSync(copy, intact, { recursive: true });
  return {
    path: copy,
    sealed: name(({ sealed }) => sealed === 1),
    closed: name(({ sealed, state }) => sealed === 0 && state === "closed"),
    open: name(({ state }) => state === "open"),
    contents: await readAll(intact),
  };
}

let crashed: Crashed;
let temp: ReturnType<typeof tempFolder>;
beforeAll(async () => {
  temp = tempFolder();
  crashed = await crash(temp.path);
});
afterAll(() => temp.remove());

const idsOf = ({ rows }: Contents) => rows.flatMap(({ ids }) => ids);

/** Reads a copy of the crashed folder after `harm` was done to it, twice: the second start must find peace. */
async function afterHarm(
  harm: (path: string) => void,
): Promise<{ readonly first: Contents; readonly second: Contents }> {
  const path = join(temp.path, "harmed");
  cpSync(crashed.path, path, { recursive: true });
  try {
    harm(path);
    return { first: await readAll(path), second: await readAll(path) };
  } finally {
    rmSync(path, { recursive: true });
  }
}

it("the folder that is harmed holds all spans, in a sealed, a closed and an open segment", () => {
  expect(idsOf(crashed.contents).sort((a, b) => a - b)).toEqual(range(1, BATCHES * BATCH).map(({ id }) => id));
  expect(crashed.contents.errors).toEqual([]);
  expect(crashed.contents.rows.length).toBeLessThan(BATCHES);
  expect(statSync(join(crashed.path, `${crashed.open}-wal`)).size).toBeGreaterThan(10_000);
});

it(
  `a write-ahead log cut anywhere leaves a prefix of the commits (${CUTS} places)`,
  seeded(async (random) => {
    const wal = `${crashed.open}-wal`;
    const size = statSync(join(crashed.path, wal)).size;
    const all = crashed.contents.rows;
    const lengths = new Set<number>();
    for (let i = 0; i <= CUTS; i++) {
      const cut = i === CUTS ? size : Math.floor(random() * size);
      const { first, second } = await afterHarm((path) => truncateSync(join(path, wal), cut));
      expect(first.rows).toEqual(all.slice(0, first.rows.length));
      expect(first.errors).toEqual([]);
      expect(idsOf(second)).toEqual([...idsOf(first), 999_999]);
      lengths.add(first.rows.length);
    }
    expect(lengths).toContain(all.length);
    expect(lengths.size).toBeGreaterThan(3);
  }),
  600_000,
);

/** A bit of one byte flipped; of every second time a byte that is not 0, for large parts of small databases are. */
function flip(file: string, random: () => number, times: number): number {
  const bytes = readFileSync(file);
  let at = Math.floor(random() * bytes.length);
  while (times % 2 === 0 && bytes[at] === 0) at = Math.floor(random() * bytes.length);
  bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(random() * 8));
  writeFileSync(file, bytes);
  return at;
}

it.each(["sealed", "closed"] as const)(
  `flipped bytes in a %s segment show as no other spans: it is put aside and reported (${FLIPS} places)`,
  seeded(async (random, which: "sealed" | "closed") => {
    const file = crashed[which];
    const written = new Map(crashed.contents.rows.map((row) => [row.ids[0], row]));
    let asideTimes = 0;
    for (let i = 0; i < FLIPS; i++) {
      let at = 0;
      const { first, second } = await afterHarm((path) => {
        at = flip(join(path, file), random, i);
      });
      const where = `${file}, byte ${at}`;
      for (const row of first.rows) expect(row, where).toEqual(written.get(row.ids[0]));
      expect(new Set(idsOf(first)).size, where).toBe(idsOf(first).length);
      const lost = idsOf(crashed.contents).length - idsOf(first).length;
      if (lost > 0) expect(first.errors.length, where).toBeGreaterThan(0);
      if (first.errors.length > 0) {
        asideTimes++;
        expect(first.aside, where).toEqual([`${file.slice("segments/".length)}.damaged`]);
        expect(lost, where).toBeLessThanOrEqual(200);
      }
      expect(second.errors, where).toEqual([]);
    }
    expect(asideTimes).toBeGreaterThan(FLIPS / 4);
  }),
  600_000,
);

it(
  `flipped bytes in a write-ahead log end it there, as a cut does (${FLIPS} places)`,
  seeded(async (random) => {
    const all = crashed.contents.rows;
    for (let i = 0; i < FLIPS; i++) {
      let at = 0;
      const { first, second } = await afterHarm((path) => {
        at = flip(join(path, `${crashed.open}-wal`), random, i);
      });
      expect(first.rows, `byte ${at}`).toEqual(all.slice(0, first.rows.length));
      expect(second.errors, `byte ${at}`).toEqual([]);
    }
  }),
  600_000,
);

/** Gives the first inner key of the tree of blocks a greater value: whoever asks for a row after it looks in vain. */
function hideRows(file: string): void {
  const db = testDriver.open(file, { readOnly: true });
  const root = db.prepare<{ page: number }>("SELECT rootpage AS page FROM sqlite_master WHERE name = 'block'").get();
  db.close();
  const bytes = readFileSync(file);
  const at = ((root?.page ?? 0) - 1) * bytes.readUInt16BE(16);
  expect(bytes[at], "the root is an inner page").toBe(5);
  const key = at + bytes.readUInt16BE(at + 12) + 4;
  expect(bytes[key]).toBeLessThan(100);
  bytes[key] = 100;
  writeFileSync(file, bytes);
}

it("a row of a closed segment that a wrong key hides is reported as damage", async () => {
  const { first, second } = await afterHarm((path) => hideRows(join(path, crashed.closed)));
  expect(first.errors.length).toBeGreaterThan(0);
  expect(first.aside).toEqual([`${crashed.closed.slice("segments/".length)}.damaged`]);
  expect(second.errors).toEqual([]);
});

/**
 * A name keeps its meaning in letters of another case, and a result is named as the file has it: nothing else tells
 * that such a byte is not what was written.
 */
function shout(file: string): number {
  const before = readFileSync(file, "latin1");
  const after = before.replace(/CREATE TABLE [a-z_]+ ?\([^')]*/g, (text) => text.toUpperCase());
  writeFileSync(file, after, "latin1");
  return [...before].filter((letter, at) => letter !== after[at]).length;
}

it.each(["sealed", "closed", "catalog.db"] as const)(
  "names of columns in another case in %s mean the same",
  async (which) => {
    const { first, second } = await afterHarm((path) => {
      if (which === "catalog.db") settle(path);
      expect(shout(join(path, which === "catalog.db" ? which : crashed[which]))).toBeGreaterThan(20);
    });
    expect(first).toEqual(crashed.contents);
    expect(second.errors).toEqual([]);
  },
);

/** Moves all of the catalog into its file: what its write-ahead log holds would hide what happens to the file. */
function settle(path: string): void {
  const catalog = testDriver.open(join(path, "catalog.db"));
  catalog.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
  catalog.close();
}

it.each(["catalog.db", "catalog.db-wal"])(
  `flipped bytes in %s lose no span: it is mended from the segments (${FLIPS} places)`,
  seeded(async (random, name: string) => {
    for (let i = 0; i < FLIPS; i++) {
      let at = 0;
      const { first, second } = await afterHarm((path) => {
        if (name === "catalog.db") settle(path);
        at = flip(join(path, name), random, i);
      });
      const where = `${name}, byte ${at}`;
      expect(first.rows, where).toEqual(crashed.contents.rows);
      expect(first.aside, where).toEqual([]);
      expect(second.errors, where).toEqual([]);
    }
  }),
  600_000,
);
