import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ConfiguredExporter } from "../../src/component/store.ts";
import { createAggregates } from "../../src/storage/aggregates/builtin.ts";
import { decodeBlockIndex } from "../../src/storage/block/block-index.ts";
import { openConsumersDb } from "../../src/storage/consumers/consumers-db.ts";
import { ExportCore } from "../../src/storage/consumers/export-core.ts";
import { IngestCore } from "../../src/storage/log/ingest-core.ts";
import { fileAccess, StoredSource } from "../../src/storage/log/stored-source.ts";
import { databaseProblems } from "../../src/storage/offline/database-check.ts";
import { eventually } from "../support/eventually.ts";
import { recordingHost } from "../support/host.ts";
import { seeded } from "../support/seed.ts";
import { incoming, makeBody, range, scannerPipeline, spanNumbers } from "../support/storage/batches.ts";
import { testDriver } from "../support/storage/driver.ts";
import { storeSettings, tempFolder } from "../support/storage/rig.ts";
import { crashCases } from "../support/storage/rounds.ts";

/** In each of the files. */
const FLIPS = crashCases(60, 600);
const BATCH = 10;
/** Batches that the exporter had before the crash, and that it has not. */
const PASSED = 10;
const AHEAD = 10;
/** Every batch is a trace of its number; these are deleted. */
const DELETED = [3, 14, 15];

interface Destination {
  readonly configured: ConfiguredExporter;
  readonly delivered: number[];
}

/** Takes everything, or nothing for good. */
function destination(takes: boolean): Destination {
  const delivered: number[] = [];
  return {
    delivered,
    configured: {
      name: "otlp/backup",
      startAt: "now",
      maxBatchSpans: BATCH,
      concurrency: 1,
      backoff: { initialMs: 1, maxMs: 5, factor: 1.5 },
      exporter: {
        async start() {},
        async shutdown() {},
        async export(fragments) {
          if (!takes) return { type: "retry", reason: "not now" };
          for (const { block, rows } of fragments) {
            const all = spanNumbers(block.columns);
            delivered.push(...rows.map((row) => all[row] as number));
          }
          return { type: "delivered" };
        },
      },
    },
  };
}

function open(path: string) {
  const host = recordingHost();
  const core = new IngestCore({
    settings: storeSettings(path, host, { segment: { maxSpans: 80, maxBytes: 1 << 30, maxAgeMs: 1e12 } }),
    driver: testDriver,
    pipeline: scannerPipeline(),
    host,
    release: async () => {},
  });
  const source = new StoredSource(fileAccess(testDriver, path), () => {});
  const exporting = (to: Destination) => {
    const { db, wasDamaged } = openConsumersDb(testDriver, join(path, "consumers.db"), host.logger);
    const exporter = new ExportCore({
      source,
      db,
      exporters: [to.configured],
      aggregates: createAggregates(),
      host,
      drainOnClose: false,
      cursorsLost: wasDamaged,
    });
    return { exporter, close: () => exporter.close(AbortSignal.abort()).then(() => db.close()) };
  };
  return {
    core,
    source,
    exporting,
    append(batch: number) {
      core.append([
        incoming(
          makeBody(
            "s",
            range(batch * BATCH, BATCH).map((span) => ({ ...span, trace: batch })),
          ),
        ),
      ]);
      core.settle();
    },
    visible: () =>
      source
        .segments()
        .flatMap(({ id }) =>
          source.blocksAfter(id, 0, 1000).flatMap(({ index }) => spanNumbers(decodeBlockIndex(index))),
        )
        .sort((a, b) => a - b),
    errors: () => host.lines.filter(({ level }) => level === "error"),
    close() {
      source.close();
      core.close();
    },
  };
}

/** Undefined for a folder that is refused by name: a bit makes the number of its format that of a newer version. */
function openUnlessNewer(path: string, where: string): ReturnType<typeof open> | undefined {
  try {
    return open(path);
  } catch (error) {
    expect(error, where).toMatchObject({ code: "data_format_unknown" });
    return undefined;
  }
}

const spansOf = (batches: readonly number[]) =>
  batches.flatMap((batch) => range(batch * BATCH, BATCH).map(({ id }) => id));
const all = Array.from({ length: PASSED + AHEAD }, (_, i) => i + 1);
const kept = spansOf(all.filter((batch) => !DELETED.includes(batch)));
const ahead = spansOf(all.filter((batch) => batch > PASSED && !DELETED.includes(batch)));

let temp: ReturnType<typeof tempFolder>;
let crashed: string;
beforeAll(async () => {
  temp = tempFolder();
  const live = join(temp.path, "live");
  crashed = join(temp.path, "crashed");
  const store = open(live);
  const first = store.exporting(destination(true));
  await first.exporter.start();
  for (let batch = 1; batch <= PASSED; batch++) store.append(batch);
  first.exporter.advanced();
  await eventually("all is exported", () => first.exporter.status()[0]?.lagSpans === 0);
  await first.exporter.catchUp();
  await first.close();
  for (let batch = PASSED + 1; batch <= PASSED + AHEAD; batch++) store.append(batch);
  const second = store.exporting(destination(false));
  await second.exporter.start();
  await second.exporter.catchUp();
  await second.close();
  const traceIds = DELETED.map((trace) => Buffer.from(trace.toString(16).padStart(32, "0"), "hex"));
  await store.core.maintain({ type: "delete_traces", traceIds });
  store.source.checkDeletions();
  expect(store.visible()).toEqual(kept);
  cpSync(live, crashed, { recursive: true });
  store.close();
  // All of it in the files: what a write-ahead log holds would hide what happens to them.
  for (const name of ["catalog.db", "consumers.db"]) {
    const db = testDriver.open(join(crashed, name));
    db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
    db.close();
  }
  expect(databaseProblems(testDriver, crashed)).toEqual([]);
});
afterAll(() => temp.remove());

/**
 * A copy of the folder with a bit of one byte of a file flipped; a byte that is not 0, for most of the files is empty.
 */
async function flipped(
  file: string,
  random: () => number,
  look: (path: string, where: string) => void | Promise<void>,
) {
  const path = join(temp.path, "harmed");
  cpSync(crashed, path, { recursive: true });
  try {
    const bytes = readFileSync(join(path, file));
    let at = 0;
    while (bytes[at] === 0 || at === 0) at = Math.floor(random() * bytes.length);
    const bit = Math.floor(random() * 8);
    bytes[at] = (bytes[at] as number) ^ (1 << bit);
    writeFileSync(join(path, file), bytes);
    await look(path, `${file}, byte ${at}, bit ${bit}`);
  } finally {
    rmSync(path, { recursive: true });
  }
}

it(
  `flipped bits in the catalog neither delete a trace nor bring one back unsaid (${FLIPS} places)`,
  seeded(async (random) => {
    let broughtBack = 0;
    for (let i = 0; i < FLIPS; i++) {
      await flipped("catalog.db", random, (path, where) => {
        const problems = databaseProblems(testDriver, path);
        const store = openUnlessNewer(path, where);
        if (store === undefined) return;
        const visible = store.visible();
        const errors = store.errors().map(({ message }) => message);
        store.close();
        const lost = kept.filter((id) => !visible.includes(id));
        expect(lost, where).toEqual([]);
        if (visible.length > kept.length) {
          broughtBack++;
          expect(errors.join(), where).toContain("deletions are damaged");
        }
        if (errors.length > 0) expect(problems, where).not.toEqual([]);
      });
    }
    expect(broughtBack).toBeGreaterThan(0);
  }),
  600_000,
);

it(
  `flipped bits in the cursors and aggregates keep no span from an exporter (${FLIPS} places)`,
  seeded(async (random) => {
    let noticed = 0;
    for (let i = 0; i < FLIPS; i++) {
      await flipped("consumers.db", random, async (path, where) => {
        const problems = databaseProblems(testDriver, path);
        const store = open(path);
        const to = destination(true);
        const { exporter, close } = store.exporting(to);
        await exporter.start();
        await eventually(`${where}: all is exported`, () => exporter.status()[0]?.lagSpans === 0);
        await exporter.catchUp();
        await close();
        const errors = store.errors().map(({ message }) => message);
        store.close();
        expect(
          [...new Set(to.delivered)].filter((id) => id >= (PASSED + 1) * BATCH).sort((a, b) => a - b),
          where,
        ).toEqual(ahead);
        if (to.delivered.length > ahead.length) {
          noticed++;
          expect(errors.join(), where).toContain("the cursors of the exporters are damaged");
        }
        if (errors.length > 0) expect(problems, where).not.toEqual([]);
      });
    }
    expect(noticed).toBeGreaterThan(0);
  }),
  600_000,
);

it("a bit of a constraint that keeps later rows from being written is found before they are", async () => {
  const path = join(temp.path, "harmed");
  cpSync(crashed, path, { recursive: true });
  const file = join(path, "consumers.db");
  const before = readFileSync(file, "latin1");
  const after = before.replace("CHECK (id = 0)", "CHECK (id = 4)");
  expect(after).not.toBe(before);
  writeFileSync(file, after, "latin1");
  expect(databaseProblems(testDriver, path)).toEqual([
    { file: "consumers.db", reason: "the table red_kept is not the one that was made" },
  ]);
  rmSync(path, { recursive: true });
});
