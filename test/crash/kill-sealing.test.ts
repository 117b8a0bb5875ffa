import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeBlockIndex } from "../../src/storage/block/block-index.ts";
import { seededKills } from "../support/seed.ts";
import { spanNumbers } from "../support/storage/batches.ts";
import { type Compiled, compileThreads } from "../support/storage/compiled.ts";
import { openFolder } from "../support/storage/open-folder.ts";
import { tempFolder } from "../support/storage/rig.ts";
import { crashRounds } from "../support/storage/rounds.ts";

const ROUNDS = crashRounds(4);
const LONGEST_ROUND_MS = 60_000;
const CHILD = "test/support/storage/sealing-child.ts";

let compiled: Compiled;
beforeAll(async () => {
  compiled = await compileThreads([CHILD]);
});
afterAll(() => compiled.remove());

/** Runs the process and kills it `afterMs` after it has sealed something; gives the ids it acknowledged. */
async function killedRun(path: string, first: number, afterMs: number): Promise<number[]> {
  const child = spawn(
    process.execPath,
    [compiled.file(CHILD), path, compiled.threadEntries, compiled.modules, String(first)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const acked: number[] = [];
  let armed = false;
  const last = setTimeout(() => child.kill("SIGKILL"), LONGEST_ROUND_MS);
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, at, count] = line.split(" ");
    if (word === "sealed" && !armed) {
      armed = true;
      setTimeout(() => child.kill("SIGKILL"), afterMs);
    } else if (word === "acked" && count !== undefined) {
      for (let i = 0; i < Number(count); i++) acked.push(Number(at) + i);
    }
  }
  clearTimeout(last);
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  expect(child.signalCode).toBe("SIGKILL");
  expect(armed, `something was sealed within ${LONGEST_ROUND_MS} ms`).toBe(true);
  return acked;
}

it(
  `loses and doubles nothing when the process is killed while it seals (${ROUNDS} rounds)`,
  seededKills(async (random) => {
    const temp = tempFolder();
    try {
      const acked: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        for (const id of await killedRun(temp.path, round * 1_000_000 + 1, random() * 500)) acked.push(id);
        const { source, host, damaged, close } = openFolder(temp.path);
        const stored: number[] = [];
        for (const { id } of source.segments()) {
          for (const head of source.blocksAfter(id, 0, 100_000)) {
            expect(source.body(id, head.block)).toBeDefined();
            for (const id of spanNumbers(decodeBlockIndex(head.index))) stored.push(id);
          }
        }
        const files = readdirSync(join(temp.path, "segments")).filter((name) => /\.db$|sealing/.test(name));
        expect(files).toHaveLength(source.segments().length);
        close();
        expect(damaged).toEqual([]);
        expect(host.lines.filter(({ level }) => level === "error")).toEqual([]);
        const present = new Set(stored);
        expect(acked.filter((id) => !present.has(id))).toEqual([]);
        expect(present.size).toBe(stored.length);
      }
      expect(acked.length).toBeGreaterThan(2_000);
    } finally {
      temp.remove();
    }
  }),
  600_000,
);
