import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openStore } from "../../src/storage/open-store.ts";
import { describeWhere } from "../support/requires.ts";
import { incoming } from "../support/storage/batches.ts";
import { type Compiled, compileThreads } from "../support/storage/compiled.ts";
import { testDriver } from "../support/storage/driver.ts";
import { recordingHost, storeSettings, tempFolder } from "../support/storage/rig.ts";
import { alikeSpans, request } from "./odd-spans.ts";

const PYTHON = ["/usr/bin/python3", "python3"].find(
  (python) => spawnSync(python, ["-c", "import sqlite3"], { stdio: "ignore" }).status === 0,
);

interface Histogram {
  readonly zeros: number;
  /** Above the first number, up to the second, so many. */
  readonly buckets: readonly (readonly [number, number, number])[];
}

interface Cell {
  readonly kind: number;
  readonly operation: string;
  readonly calls: number;
  readonly errors: number;
  readonly durations: Histogram;
}

interface Read {
  readonly cursors: readonly { readonly name: string }[];
  readonly red: readonly {
    readonly width: number;
    readonly service: string;
    readonly bucket: number;
    readonly totals: readonly Cell[];
    readonly operations: readonly Cell[];
  }[];
  readonly received: readonly {
    readonly aggregate: string;
    readonly hour: number;
    readonly received_ms: number | null;
    readonly minutes: number;
  }[];
  readonly places: readonly string[];
  readonly calls: readonly { readonly parent: string; readonly child: string; readonly durations: Histogram }[];
}

async function read(path: string): Promise<Read> {
  const script = join(import.meta.dirname, "read_consumers.py");
  const { stdout } = await promisify(execFile)(PYTHON as string, ["-B", script, path], { maxBuffer: 1 << 28 });
  return JSON.parse(stdout) as Read;
}

/** When the spans began, ms: minutes go 25 hours after they were received, whatever the clock says today. */
const MADE_AT_MS = Math.floor(Date.now() / 3_600_000) * 3_600_000;

/** As `alikeSpans` makes them, ns. */
const durationOf = (i: number) => i * 17;
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** A histogram holds these values, each in a bucket whose bounds surround it. */
function expectHistogram(histogram: Histogram | undefined, values: readonly number[]): void {
  const { zeros, buckets } = histogram ?? { zeros: -1, buckets: [] };
  expect(zeros).toBe(values.filter((value) => value === 0).length);
  const counted = buckets.map(([above, upTo]) => values.filter((value) => value > above && value <= upTo).length);
  expect(buckets.map(([, , count]) => count)).toEqual(counted);
  expect(counted.reduce((sum, count) => sum + count, zeros)).toBe(values.length);
}

describeWhere(PYTHON !== undefined, "python3 is missing", "a reader that knows consumers.md alone", () => {
  const temp = tempFolder();
  let compiled: Compiled;
  const COUNT = 80;

  beforeAll(async () => {
    compiled = await compileThreads();
    const module = { url: compiled.modules, config: {} };
    const store = await openStore(
      storeSettings(temp.path, recordingHost(), {
        threadEntries: compiled.threadEntries,
        modules: {
          ingest: module,
          query: module,
          export: { ...module, config: { file: join(temp.path, "exported.txt") } },
        },
      }),
    );
    const spans = alikeSpans(1_000, COUNT, BigInt(MADE_AT_MS) * 1_000_000n);
    // Of each trace of eight the first four belong to one service and the others to another.
    const isFront = (_: unknown, i: number) => i % 8 < 4;
    await store.append(incoming(request("front", spans.filter(isFront)), Date.now()));
    const others = spans.filter((span, i) => !isFront(span, i));
    await store.append(incoming(request('back "€"', others), Date.now()));
    await store.compact();
    await store.close(AbortSignal.timeout(20_000));
  }, 120_000);
  afterAll(() => {
    compiled?.remove();
    temp.remove();
  });

  it("reads the cursors", async () => {
    const { cursors } = await read(temp.path);
    expect(cursors.map(({ name }) => name)).toEqual(["aggregate/dependencies", "aggregate/red", "file"]);
    for (const cursor of cursors) expect(cursor).toMatchObject({ segment: 1, spans_through: COUNT, lost: 0 });
    expect(cursors[2]).toMatchObject({ delivered: COUNT, rejected: 0 });
  });

  it("reads rates, errors and durations, of minutes and hours", async () => {
    const { red } = await read(temp.path);
    const at = (width: number) => Math.floor(MADE_AT_MS / width);
    expect(red.map(({ width, service, bucket }) => `${width} ${service} ${bucket}`).sort()).toEqual(
      [3_600_000, 60_000].flatMap((width) =>
        ['back "€"', "front"].map((service) => `${width} ${service} ${at(width)}`),
      ),
    );
    for (const { service, totals, operations } of red) {
      const mine = range(COUNT).filter((i) => i % 8 < 4 === (service === "front"));
      for (const kind of [1, 2, 3, 4, 5]) {
        const rows = mine.filter((i) => 1 + (i % 5) === kind);
        const errors = rows.filter((i) => i % 9 === 0).length;
        const calls = rows.length;
        const wanted = { kind, calls, spans: calls, unscaled: calls, errors };
        for (const [cells, operation] of [
          [totals, ""],
          [operations, `op ${kind - 1}`],
        ] as const) {
          const [cell, ...more] = cells.filter((each) => each.kind === kind);
          expect(more).toEqual([]);
          expect(cell).toMatchObject({ ...wanted, operation });
          expectHistogram(cell?.durations, rows.map(durationOf));
        }
      }
    }
  });

  it("reads calls between services", async () => {
    const { calls } = await read(temp.path);
    const called = range(COUNT).filter((i) => i % 8 === 4);
    const errors = called.filter((i) => i % 9 === 0).length;
    const hour = Math.floor(MADE_AT_MS / 3_600_000);
    expect(calls).toMatchObject([{ parent: "front", child: 'back "€"', calls: called.length, errors, hour }]);
    expectHistogram(calls[0]?.durations, called.map(durationOf));
  });

  it("reads when the hours of each aggregate were received", async () => {
    const { received } = await read(temp.path);
    expect(received.map(({ aggregate, hour, minutes }) => ({ aggregate, hour, minutes }))).toEqual([
      { aggregate: "dependencies", hour: MADE_AT_MS / 3_600_000, minutes: 0 },
      { aggregate: "red", hour: MADE_AT_MS / 3_600_000, minutes: 1 },
    ]);
    for (const { received_ms } of received) expect(received_ms).toBeGreaterThanOrEqual(MADE_AT_MS);
  });

  it("reads in which order services came", async () => {
    expect((await read(temp.path)).places.toSorted()).toEqual(['back "€"', "front"]);
  });

  it("stops where something is not what was written", async () => {
    const db = testDriver.open(join(temp.path, "consumers.db"));
    db.exec("UPDATE consumer SET delivered = delivered + 1 WHERE name = 'file'");
    await expect(read(temp.path)).rejects.toThrow("checksum of the cursors");
    db.exec("UPDATE consumer SET delivered = delivered - 1 WHERE name = 'file'");
    db.exec("UPDATE red SET bucket = bucket + 1 WHERE width = 60000 AND service = 'front'");
    await expect(read(temp.path)).rejects.toThrow("checksum of [60000, 'front'");
    db.close();
  });
});
