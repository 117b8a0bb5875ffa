import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PermanentError } from "../../component/errors.ts";
import { type SqlDatabase, type SqlDriver, SqlError } from "../sqlite/driver.ts";
import { LOCK_FILE, LOCK_OWNER_FILE } from "./layout.ts";

/** Holds a data folder for this process until released, or until the process ends however it ends. */
export interface FolderLock {
  /** Idempotent. */
  release(): void;
}

/**
 * Takes the folder by an EXCLUSIVE transaction on lock.db, which the operating system gives back when the process dies.
 * The folder must exist. Throws PermanentError `data_folder_in_use`, naming the folder and the process that holds it,
 * and SqlError where the file cannot be opened. Nothing else in the process may open lock.db: closing a second
 * descriptor would drop a POSIX lock.
 */
export function lockFolder(driver: SqlDriver, folder: string): FolderLock {
  const db = driver.open(join(folder, LOCK_FILE), { busyMs: 250 });
  try {
    db.exec("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (error instanceof SqlError && error.kind === "busy") throw inUse(folder);
    throw error;
  }
  writeOwner(folder, db);
  return {
    release() {
      db.close();
    },
  };
}

function writeOwner(folder: string, db: SqlDatabase): void {
  try {
    writeFileSync(
      join(folder, LOCK_OWNER_FILE),
      `${JSON.stringify({ pid: process.pid, since: new Date().toISOString() })}\n`,
      { mode: 0o600 },
    );
  } catch (error) {
    db.close();
    throw error;
  }
}

function inUse(folder: string): PermanentError {
  let holder = "another process";
  try {
    const owner: unknown = JSON.parse(readFileSync(join(folder, LOCK_OWNER_FILE), "utf8"));
    if (typeof owner === "object" && owner !== null && "pid" in owner && typeof owner.pid === "number") {
      holder = `process ${owner.pid}`;
    }
  } catch {
    // The holder may be about to write it; the message does without.
  }
  return new PermanentError(
    "data_folder_in_use",
    `the data folder ${folder} is in use by ${holder}: stop that collector, or give this one another storage.path`,
  );
}
