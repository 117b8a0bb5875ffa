import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readRed } from "../../src/storage/aggregates/red-table.ts";
import { decodeBlockIndex } from "../../src/storage/block/block-index.ts";
import { openConsumersDb } from "../../src/storage/consumers/consumers-db.ts";
import { CursorStore } from "../../src/storage/consumers/cursor-store.ts";
import { CONSUMERS_FILE } from "../../src/storage/folder/layout.ts";
import { recordingHost } from "../support/host.ts";
import { seededKills } from "../support/seed.ts";
import { MADE_AT_MS, spanNumbers } from "../support/storage/batches.ts";
import { type Compiled, compileThreads } from "../support/storage/compiled.ts";
import { testDriver } from "../support/storage/driver.ts";
import { openFolder } from "../support/storage/open-folder.ts";
import { tempFolder } from "../support/storage/rig.ts";
import { crashRounds } from "../support/storage/rounds.ts";

const ROUNDS = crashRounds(8);
const RED_CURSOR = "aggregate/red";
const DAY_MS = 86_400_000;
const CHILD = "test/support/storage/ingesting-child.ts";

let compiled: Compiled;
beforeAll(async () => {
  compiled = await compileThreads([CHILD]);
});
afterAll(() => compiled.remove());

/** Runs the storing process for a while and kills it; gives the ids that it saw acknowledged. */
async function killedRun(path: string, first: number, aliveMs: number): Promise<number[]> {
  const child = spawn(
    process.execPath,
    [compiled.file(CHILD), path, compiled.threadEntries, compiled.modules, String(first)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const acked: number[] = [];
  let started = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, at, count] = line.split(" ");
    if (word === "ready") {
      started = true;
      setTimeout(() => child.kill("SIGKILL"), aliveMs);
    } else if (word === "acked" && count !== undefined) {
      for (let i = 0; i < Number(count); i++) acked.push(Number(at) + i);
    }
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  expect(started).toBe(true);
  expect(child.signalCode).toBe("SIGKILL");
  return acked;
}

/** All span ids in the folder, with every checksum verified, as a fresh start finds them. */
function storedSpans(path: string): number[] {
  const { source, host, damaged, close } = openFolder(path);
  try {
    const ids: number[] = [];
    for (const { id } of source.segments()) {
      for (const head of source.blocksAfter(id, 0, 100_000)) {
        expect(source.body(id, head.block)).toBeDefined();
        ids.push(...spanNumbers(decodeBlockIndex(head.index)));
      }
    }
    expect(damaged).toEqual([]);
    expect(host.lines.filter(({ level }) => level === "error")).toEqual([]);
    return ids;
  } finally {
    close();
  }
}

/** Spans that the stored RED metrics count, and those that the cursor stored with them has passed. */
function countedSpans(path: string): { readonly counted: number; readonly passed: number } {
  const { db } = openConsumersDb(testDriver, join(path, CONSUMERS_FILE), recordingHost().logger);
  try {
    const hours = { startMs: MADE_AT_MS - DAY_MS, endMs: MADE_AT_MS + DAY_MS, stepMs: DAY_MS, byOperation: false };
    const { series } = readRed(db, hours);
    const counted = series.flatMap(({ points }) => points).reduce((sum, point) => sum + (point?.spans ?? 0), 0);
    return { counted, passed: new CursorStore(db).load(RED_CURSOR)?.position.spansThrough ?? 0 };
  } finally {
    db.close();
  }
}

it(
  `keeps aggregates and their cursor in step when the process is killed while it stores them (${ROUNDS / 2} rounds)`,
  seededKills(async (random) => {
    const temp = tempFolder();
    try {
      const passed: number[] = [];
      for (let round = 0; round < ROUNDS / 2; round++) {
        // Cursors are stored once a second.
        await killedRun(temp.path, round * 1_000_000 + 1, 1_000 + random() * 500);
        const found = countedSpans(temp.path);
        expect(found.counted).toBe(found.passed);
        passed.push(found.passed);
      }
      expect(Math.max(...passed)).toBeGreaterThan(0);
    } finally {
      temp.remove();
    }
  }),
  600_000,
);

it(
  `loses no acknowledged span when the process is killed at any moment (${ROUNDS} rounds)`,
  seededKills(async (random) => {
    const temp = tempFolder();
    try {
      const acked: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const ids = await killedRun(temp.path, round * 1_000_000 + 1, 10 + random() * 250);
        for (const id of ids) acked.push(id);
        const stored = storedSpans(temp.path);
        const present = new Set(stored);
        expect(acked.filter((id) => !present.has(id))).toEqual([]);
        expect(present.size).toBe(stored.length);
      }
      expect(acked.length).toBeGreaterThan(0);
      const file = join(temp.path, "exported.txt");
      expect(existsSync(file) && readFileSync(file, "utf8").length > 0).toBe(true);
    } finally {
      temp.remove();
    }
  }),
  600_000,
);
