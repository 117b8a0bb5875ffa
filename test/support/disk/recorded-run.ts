import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { SqliteDriverName } from "../../../src/storage/sqlite/choose-driver.ts";
import type { Compiled } from "../storage/compiled.ts";
import { tempFolder } from "../storage/rig.ts";
import { type DiskEvent, parseDiskLog } from "./disk-log.ts";
import type { Shim } from "./shim.ts";

/** A run takes some seconds. */
const RUN_MS = 300_000;

export const RECORDED_CHILD = "test/support/disk/recorded-child.ts";

/** What the disk was asked for in one run of recorded-child.ts. */
export interface Recording {
  readonly events: readonly DiskEvent[];
  /** Keeps it in `file`, for SPANLOOM_CRASH_RECORDING. */
  keep(file: string): void;
  remove(): void;
}

/** Runs the child to its end and records it. */
export async function record(compiled: Compiled, shim: Shim, driver: SqliteDriverName): Promise<Recording> {
  const temp = tempFolder();
  const [folder, marks, log] = ["data", "marks", "log"].map((name) => join(temp.path, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(folder);
  const args = [compiled.file(RECORDED_CHILD), folder, compiled.threadEntries, compiled.modules, driver, marks];
  await promisify(execFile)(process.execPath, args, { env: shim.env({ folder, marks, log }), timeout: RUN_MS });
  return {
    events: parseDiskLog(readFileSync(log), folder),
    keep(file) {
      copyFileSync(log, file);
      writeFileSync(`${file}.folder`, folder);
    },
    remove: temp.remove,
  };
}

/** One that was kept. */
export function readRecording(file: string): readonly DiskEvent[] {
  return parseDiskLog(readFileSync(file), readFileSync(`${file}.folder`, "utf8"));
}
