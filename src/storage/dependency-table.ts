import { randomInt } from "node:crypto";
import { ExponentialHistogram } from "../model/exponential-histogram.ts";
import { OTHER_SERVICES } from "../model/red-metrics.ts";
import { valuesCrc } from "./checked-meta.ts";
import type { SqlDatabase } from "./driver.ts";
import { decodeHistogram, encodeHistogram, MAX_NAME_LENGTH } from "./red-cell.ts";

/**
 * Calls by hour of the child's start: hours since the epoch. In consumers.db, beside the cursor that produced it. Their
 * durations are histograms as red-cell.ts encodes them, in a table of their own, that counts can be read without them.
 * `crc` is CRC32 over the other columns; NULL in a row that an older version wrote.
 * `dependency_hour` has a row for each hour of the others; whenever those change, its revision becomes another one.
 */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS dependency (
  hour INTEGER NOT NULL,
  parent TEXT NOT NULL,
  child TEXT NOT NULL,
  calls REAL NOT NULL,
  errors REAL NOT NULL,
  crc INTEGER,
  PRIMARY KEY (hour, parent, child)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dependency_duration (
  hour INTEGER NOT NULL,
  parent TEXT NOT NULL,
  child TEXT NOT NULL,
  durations BLOB NOT NULL,
  PRIMARY KEY (hour, parent, child)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dependency_hour (hour INTEGER PRIMARY KEY, revision INTEGER NOT NULL);
`;

/** Folders that were written before there were revisions. */
const FILL_HOURS = `
INSERT INTO dependency_hour SELECT DISTINCT hour, 0 FROM dependency
WHERE NOT EXISTS (SELECT 1 FROM dependency_hour)`;

const HOUR_MS = 3_600_000;
const MAX_REVISION = 2 ** 48 - 1;
/** Less is what rounding leaves of calls that were taken back: a call counts as one or more. */
const HALF_A_CALL = 0.5;
/** Links of one hour that are kept apart: every service calling every other makes as many with 100 services. */
const MAX_LINKS = 10_000;

/** Calls from one service to another that began in one hour. */
export interface HourlyCalls {
  readonly hour: number;
  readonly parent: string;
  readonly child: string;
  readonly calls: number;
  readonly errors: number;
  /** Of the called spans, ns. */
  readonly durations: ExponentialHistogram;
}

interface StoredCalls {
  readonly hour: number;
  readonly parent: string;
  readonly child: string;
  readonly calls: number;
  readonly errors: number;
  readonly crc: number | null;
}

/** Makes the tables. Throws SqlError `corrupt` where they are not the ones that it makes. */
export function prepareDependencies(db: SqlDatabase): void {
  db.exec(SCHEMA);
  if (!hasCrc(db)) db.exec("ALTER TABLE dependency ADD COLUMN crc INTEGER");
  probe(db);
  db.exec(FILL_HOURS);
}

/** Names all columns: SQLite refuses where a name is not what it was. */
function probe(db: SqlDatabase): void {
  db.prepare("SELECT hour, parent, child, calls, errors, crc FROM dependency");
  db.prepare("SELECT hour, parent, child, durations FROM dependency_duration");
  db.prepare("SELECT hour, revision FROM dependency_hour");
}

/**
 * Adds calls to the stored ones. Runs inside the caller's transaction. Beyond `maxLinks` of one hour, calls of links that
 * it does not hold yet, and those of very long names, are summed up as a link between other services; returns how many.
 * Negative counts take calls back that were added before.
 */
export function addDependencies(db: SqlDatabase, list: Iterable<HourlyCalls>, maxLinks = MAX_LINKS): number {
  const count = db.prepare<{ links: number }>("SELECT count(*) AS links FROM dependency WHERE hour = ?");
  const held = db.prepare<Omit<StoredCalls, "hour" | "parent" | "child">>(
    "SELECT calls AS calls, errors AS errors, crc AS crc FROM dependency WHERE hour = ? AND parent = ? AND child = ?",
  );
  const write = db.prepare(
    "INSERT OR REPLACE INTO dependency (hour, parent, child, calls, errors, crc) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const known = db.prepare<{ durations: Uint8Array }>(
    "SELECT durations AS durations FROM dependency_duration WHERE hour = ? AND parent = ? AND child = ?",
  );
  const put = db.prepare("INSERT OR REPLACE INTO dependency_duration VALUES (?, ?, ?, ?)");
  /** Links of the hours that change. */
  const links = new Map<number, number>();
  let summed = 0;
  for (const { hour, calls, errors, durations, ...names } of list) {
    let { parent, child } = names;
    let ofHour = links.get(hour) ?? count.get(hour)?.links ?? 0;
    let before = held.get(hour, parent, child);
    if (before === undefined) {
      // Calls that were taken back before they were stored.
      if (calls < HALF_A_CALL && ofHour < maxLinks) continue;
      if (ofHour < maxLinks && parent.length <= MAX_NAME_LENGTH && child.length <= MAX_NAME_LENGTH) ofHour++;
      else {
        parent = OTHER_SERVICES;
        child = OTHER_SERVICES;
        summed += Math.max(0, calls);
        before = held.get(hour, parent, child);
      }
    }
    links.set(hour, ofHour);
    // Counts that cannot be believed count as none.
    const sound = before !== undefined && isSound({ hour, parent, child, ...before }) ? before : undefined;
    const sums = { hour, parent, child, calls: calls + (sound?.calls ?? 0), errors: errors + (sound?.errors ?? 0) };
    if (sums.calls < HALF_A_CALL) {
      for (const table of ["dependency", "dependency_duration"]) {
        db.prepare(`DELETE FROM ${table} WHERE hour = ? AND parent = ? AND child = ?`).run(hour, parent, child);
      }
      links.set(hour, Math.max(0, ofHour - 1));
      continue;
    }
    write.run(hour, parent, child, sums.calls, sums.errors, crcOf(sums));
    const place = placeOf(hour, parent, child);
    const sum = readDurations(known.get(hour, parent, child)?.durations, place);
    sum.merge(durations);
    put.run(hour, parent, child, encodeHistogram(sum, place));
  }
  // Drawn, not counted: an hour that is removed and comes back must not look as it did before.
  const revise = db.prepare("INSERT OR REPLACE INTO dependency_hour VALUES (?, ?)");
  for (const hour of links.keys()) revise.run(hour, randomInt(1, MAX_REVISION));
  return summed;
}

/** Removes the hours that ended before `beforeMs`, ms since the epoch: for retention. */
export function removeDependenciesBefore(db: SqlDatabase, beforeMs: number): void {
  for (const table of ["dependency", "dependency_duration", "dependency_hour"]) {
    if (hasTable(db, table)) db.prepare(`DELETE FROM ${table} WHERE hour < ?`).run(hourOf(beforeMs));
  }
}

/** Removes the older eighth of the hours; false where nothing is left. */
export function shrinkDependencies(db: SqlDatabase): boolean {
  if (!hasTable(db, "dependency_hour")) return false;
  const { first, last } = db
    .prepare<{ first: number | null; last: number | null }>(
      "SELECT min(hour) AS first, max(hour) AS last FROM dependency_hour",
    )
    .get() ?? { first: null, last: null };
  if (first === null || last === null) return false;
  removeDependenciesBefore(db, (first + Math.max(1, Math.ceil((last - first) / 8))) * HOUR_MS);
  return true;
}

/** Hours since the epoch of a time in ms. */
export function hourOf(ms: number): number {
  return Math.trunc(Math.min(Math.max(ms, 0), Number.MAX_SAFE_INTEGER) / HOUR_MS);
}

export function hasTable(db: SqlDatabase, name: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(name) !== undefined;
}

/** What the stored calls hold that was not written, one sentence each. Throws SqlError. */
export function* dependencyProblems(db: SqlDatabase): Generator<string> {
  const name = (row: { parent: string; child: string }) => `${row.parent} to ${row.child}`;
  // Made last of all; a folder of an older version has no checksums yet.
  if (!hasTable(db, "dependency_hour") || !hasCrc(db)) return;
  probe(db);
  const calls = db.prepare<StoredCalls>(
    `SELECT hour AS hour, parent AS parent, child AS child, calls AS calls, errors AS errors, crc AS crc
     FROM dependency`,
  );
  for (const row of calls.iterate()) {
    if (!isSound(row)) yield `calls from ${name(row)} in hour ${row.hour}: not what was written (checksum)`;
  }
  const rows = db.prepare<{ hour: number; parent: string; child: string; durations: Uint8Array }>(
    "SELECT hour AS hour, parent AS parent, child AS child, durations AS durations FROM dependency_duration",
  );
  for (const row of rows.iterate()) {
    try {
      decodeHistogram(row.durations, placeOf(row.hour, row.parent, row.child));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      yield `durations of calls from ${name(row)} in hour ${row.hour}: ${error.message}`;
    }
  }
}

/** What the checksum of a link's durations covers beside them. */
export function placeOf(hour: number, parent: string, child: string): string {
  return JSON.stringify([hour, parent, child]);
}

function hasCrc(db: SqlDatabase): boolean {
  const columns = db.prepare<{ name: string }>("PRAGMA table_info(dependency)").all();
  return columns.some(({ name }) => name.toLowerCase() === "crc");
}

function crcOf({ hour, parent, child, calls, errors }: Omit<StoredCalls, "crc">): number {
  return valuesCrc([hour, parent, child, calls, errors]);
}

function isSound(row: StoredCalls): boolean {
  return row.crc === null || row.crc === crcOf(row);
}

/** An empty one where nothing was stored, or what cannot be read. */
export function readDurations(bytes: Uint8Array | undefined, place: string): ExponentialHistogram {
  try {
    return bytes === undefined ? new ExponentialHistogram() : decodeHistogram(bytes, place);
  } catch (error) {
    if (error instanceof RangeError) return new ExponentialHistogram();
    throw error;
  }
}
