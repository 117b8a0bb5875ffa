import type { Logger } from "../../component/logger.ts";
import { adoptDependencies, prepareDependencies } from "../aggregates/dependency-table.ts";
import { adoptRed, prepareRed } from "../aggregates/red-table.ts";
import { putDatabaseAside } from "../folder/segment-files.ts";
import { readMeta, writeMeta } from "../sqlite/checked-meta.ts";
import { type SqlDatabase, type SqlDriver, SqlError } from "../sqlite/driver.ts";
import { wasMadeBefore } from "../sqlite/made-before.ts";
import { openTwice } from "../sqlite/open-twice.ts";
import { cursorProblem, cursorsCrc, RECEIVED_WITH } from "./cursor-store.ts";

/**
 * Cursors: everything before and including (segment, row) is done. Counters survive restarts. `cursors_crc` in meta is
 * CRC32 over all rows; not there in a folder of an older version. `received_with_cursors` is the same value: where it
 * is another, a version that keeps no receive times (received-hours.ts) has stored cursors and aggregates. `request`
 * has where requests end that were begun and that the stored cursor has not passed (request-ends.ts).
 */
const CONSUMERS_SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS consumer (
  name TEXT PRIMARY KEY,
  segment INTEGER NOT NULL,
  row INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  spans_through INTEGER NOT NULL,
  delivered INTEGER NOT NULL DEFAULT 0,
  rejected INTEGER NOT NULL DEFAULT 0,
  lost INTEGER NOT NULL DEFAULT 0,
  retries INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS request (
  name TEXT NOT NULL,
  segment INTEGER NOT NULL,
  row INTEGER NOT NULL,
  PRIMARY KEY (name, segment, row)
) WITHOUT ROWID;
`;

/** Opens consumers.db, or makes it. A damaged one is put aside; `wasDamaged` then tells that cursors were lost. */
export function openConsumersDb(
  driver: SqlDriver,
  path: string,
  logger: Logger,
): { readonly db: SqlDatabase; readonly wasDamaged: boolean } {
  try {
    return { db: openTwice(() => open(driver, path)), wasDamaged: false };
  } catch (error) {
    if (!(error instanceof SqlError) || error.kind !== "corrupt") throw error;
    logger.error("the cursors of the exporters are damaged; everything that is stored is exported again", {
      file: path,
      reason: error.message,
    });
    putDatabaseAside(path);
    return { db: open(driver, path), wasDamaged: true };
  }
}

function open(driver: SqlDriver, path: string): SqlDatabase {
  const db = driver.open(path);
  try {
    wasMadeBefore(db);
    // A cursor that a power cut sets back only repeats deliveries, so it need not reach the disk at once.
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${CONSUMERS_SCHEMA}`);
    // Damage to the tables of aggregates would keep cursors from being stored, as these share their transaction.
    prepareDependencies(db);
    prepareRed(db);
    const [found] = db.prepare<{ quick_check: string }>("PRAGMA quick_check(1)").all();
    if (found?.quick_check !== "ok") throw new SqlError("corrupt", "SQLITE_CORRUPT", path, found?.quick_check ?? "");
    const problem = cursorProblem(db);
    if (problem !== undefined) throw new SqlError("corrupt", "SPANLOOM_CHECKSUM", path, problem);
    adopt(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Takes over aggregates without receive times, in one transaction: of a folder that an older version wrote, and of one
 * that it wrote to since, as it reads and counts on beside what it does not know.
 */
function adopt(db: SqlDatabase): void {
  const crc = cursorsCrc(db);
  if (readMeta(db, RECEIVED_WITH) === crc) return;
  db.transaction(() => {
    adoptRed(db);
    adoptDependencies(db);
    writeMeta(db, RECEIVED_WITH, crc);
  });
}
