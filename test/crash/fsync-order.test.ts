import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWhere } from "../support/requires.ts";
import { type Compiled, compileThreads } from "../support/storage/compiled.ts";
import { tempFolder } from "../support/storage/rig.ts";

const CHILD = "test/support/storage/sequential-child.ts";
const REQUESTS = 12;
/** Tracing system calls needs the tool and the permission to use it, which containers often withhold. */
const canTrace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;

/** For each acknowledgement: how many syncs of the disk ended between the one before it and itself. */
async function syncsBeforeAcknowledgements(compiled: Compiled, synchronous: "full" | "normal"): Promise<number[]> {
  const temp = tempFolder();
  try {
    const trace = join(temp.path, "trace");
    const child = [compiled.file(CHILD), join(temp.path, "data"), compiled.threadEntries, compiled.modules];
    await promisify(execFile)("strace", [
      ...["-f", "-qq", "-e", "trace=fdatasync,fsync,write", "-e", "signal=none", "-o", trace],
      ...[process.execPath, ...child, synchronous, String(REQUESTS)],
    ]);
    const syncs: number[] = [];
    let since: number | undefined;
    for (const line of readFileSync(trace, "utf8").split("\n")) {
      if (line.includes('write(1, "ready')) since = 0;
      if (since === undefined) continue;
      // A call that another thread interrupts in the trace is split: it has ended where it is resumed.
      if (/(?:fdatasync|fsync)(?:\(\d+\)| resumed>\)) += 0$/.test(line)) since++;
      if (line.includes('write(1, "acked')) {
        syncs.push(since);
        since = 0;
      }
    }
    return syncs;
  } finally {
    temp.remove();
  }
}

describeWhere(canTrace, "strace is missing or may not be used", "an acknowledgement", () => {
  let compiled: Compiled;
  beforeAll(async () => {
    compiled = await compileThreads([CHILD]);
  });
  afterAll(() => compiled.remove());

  it("follows a sync of the disk, every single one, with synchronous full", async () => {
    const syncs = await syncsBeforeAcknowledgements(compiled, "full");
    expect(syncs.length).toBe(REQUESTS);
    expect(syncs.filter((count) => count === 0)).toEqual([]);
  });

  it("does not wait for the disk with synchronous normal: the trace tells the difference", async () => {
    const syncs = await syncsBeforeAcknowledgements(compiled, "normal");
    expect(syncs.length).toBe(REQUESTS);
    expect(syncs.filter((count) => count === 0).length).toBeGreaterThan(REQUESTS / 2);
  });
});
