import { randomInt } from "node:crypto";
import { ExponentialHistogram } from "../../model/exponential-histogram.ts";
import { OTHER_SERVICES } from "../../model/red-metrics.ts";
import { HOUR_MS } from "../../model/time.ts";
import { valuesCrc } from "../sqlite/checked-meta.ts";
import type { SqlDatabase, SqlStatement } from "../sqlite/driver.ts";
import { decodeHistogram, encodeHistogram } from "./histogram-codec.ts";
import {
  expireHours,
  type LogAges,
  prepareReceivedHours,
  removeReceivedBefore,
  writeReceivedHours,
} from "./received-hours.ts";
import { MAX_NAME_LENGTH } from "./red-cell.ts";

/**
 * Calls by hour of the child's start: hours since the epoch. In consumers.db, beside the cursor that produced it. Their
 * durations are histograms as red-cell.ts encodes them, in a table of their own, that counts can be read without them.
 * `crc` is CRC32 over the other columns; NULL in a row that an older version wrote.
 * `dependency_hour` has a row for each hour of the others; whenever those change, its revision becomes another one.
 * received-hours.ts says how long an hour stays.
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

const MAX_REVISION = 2 ** 48 - 1;
/** Less is what rounding leaves of calls that were taken back: a call counts as one or more. */
const HALF_A_CALL = 0.5;
/** Links of one hour that are kept apart: every service calling every other makes as many with 100 services. */
const MAX_LINKS = 10_000;
/** Links whose calls are held in memory, of all hours: 1 to 3 kB each. */
const MAX_HELD_LINKS = 5_000;

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

export interface ReadCalls extends Omit<HourlyCalls, "durations"> {
  readonly durations: ExponentialHistogram | undefined;
}

interface StoredCalls {
  readonly hour: number;
  readonly parent: string;
  readonly child: string;
  readonly calls: number;
  readonly errors: number;
  readonly crc: number | null;
  /** NULL where there are none; absent where they are not read. */
  readonly durations?: Uint8Array | null;
}

/** Makes the tables. Throws SqlError `corrupt` where they are not the ones that it makes. */
export function prepareDependencies(db: SqlDatabase): void {
  db.exec(SCHEMA);
  if (!hasCrc(db)) db.exec("ALTER TABLE dependency ADD COLUMN crc INTEGER");
  probe(db);
  db.exec(FILL_HOURS);
  prepareReceivedHours(db);
}

/**
 * Takes over what a version wrote that kept no receive times, before this one or after it. Runs inside the caller's
 * transaction.
 */
export function adoptDependencies(db: SqlDatabase): void {
  const hours = storedHours(db);
  writeReceivedHours(
    db,
    "dependencies",
    hours.map((hour) => ({ hour, receivedMs: null, minutes: false })),
  );
}

/** Names all columns: SQLite refuses where a name is not what it was. */
function probe(db: SqlDatabase): void {
  db.prepare("SELECT hour, parent, child, calls, errors, crc FROM dependency");
  db.prepare("SELECT hour, parent, child, durations FROM dependency_duration");
  db.prepare("SELECT hour, revision FROM dependency_hour");
}

/** A stored link, as it is added to. */
interface HeldLink {
  calls: number;
  errors: number;
  readonly durations: ExponentialHistogram;
}

interface HeldHour {
  /** The one that was written with what is held. */
  revision: number;
  /** Links of the hour that are stored. */
  links: number;
  /** Some of them, by `placeOf`. */
  readonly held: Map<string, HeldLink>;
}

/** The writing side of the stored calls. */
export class DependencyTable {
  readonly #maxLinks: number;
  readonly #maxHeld: number;
  #statements: Statements | undefined;
  /**
   * What the last call wrote, that the next need not read it again. It holds for an hour whose revision is still the
   * one that was written with it: one that was removed, or whose transaction was rolled back, has another one or none.
   */
  #hours = new Map<number, HeldHour>();
  #held = 0;

  /** Of one hour, `maxLinks` are kept apart; `maxHeld` are held in memory. */
  constructor(maxLinks = MAX_LINKS, maxHeld = MAX_HELD_LINKS) {
    this.#maxLinks = maxLinks;
    this.#maxHeld = maxHeld;
  }

  /**
   * Adds calls to the stored ones. Runs inside the caller's transaction. Beyond the links of one hour that are kept
   * apart, calls of links that it does not hold yet, and those of very long names, are summed up as a link between
   * other services; returns how many. Negative counts take calls back that were added before.
   */
  add(db: SqlDatabase, list: Iterable<HourlyCalls>): number {
    if (this.#statements?.db !== db) this.#statements = new Statements(db);
    const statements = this.#statements;
    const before = this.#hours;
    // Where this throws, nothing is held.
    this.#hours = new Map();
    this.#held = 0;
    const hours = new Map<number, HeldHour>();
    let summed = 0;
    for (const { hour, calls, errors, durations, ...names } of list) {
      let ofHour = hours.get(hour);
      if (ofHour === undefined) {
        ofHour = openHour(statements, hour, before.get(hour));
        hours.set(hour, ofHour);
        this.#held += ofHour.held.size;
      }
      let { parent, child } = names;
      let place = placeOf(hour, parent, child);
      let link = ofHour.held.get(place) ?? statements.read(hour, parent, child);
      if (link === undefined) {
        const fits = ofHour.links < this.#maxLinks;
        // Calls that were taken back before they were stored.
        if (calls < HALF_A_CALL && fits) continue;
        if (!fits || parent.length > MAX_NAME_LENGTH || child.length > MAX_NAME_LENGTH) {
          parent = OTHER_SERVICES;
          child = OTHER_SERVICES;
          place = placeOf(hour, parent, child);
          summed += Math.max(0, calls);
          link = ofHour.held.get(place) ?? statements.read(hour, parent, child);
        }
      }
      const isNew = link === undefined;
      link ??= { calls: 0, errors: 0, durations: new ExponentialHistogram() };
      link.calls += calls;
      link.errors += errors;
      if (link.calls < HALF_A_CALL) {
        if (isNew) continue;
        statements.remove(hour, parent, child);
        if (ofHour.held.delete(place)) this.#held--;
        ofHour.links--;
        continue;
      }
      if (isNew) ofHour.links++;
      link.durations.merge(durations);
      statements.write(hour, parent, child, link);
      if (this.#held < this.#maxHeld && !ofHour.held.has(place)) {
        ofHour.held.set(place, link);
        this.#held++;
      }
    }
    for (const [hour, ofHour] of hours) ofHour.revision = statements.revise(hour);
    this.#hours = hours;
    return summed;
  }
}

function openHour(statements: Statements, hour: number, before: HeldHour | undefined): HeldHour {
  if (before !== undefined && before.revision === statements.revision(hour)) return before;
  return { revision: 0, links: statements.links(hour), held: new Map() };
}

/** Of one connection. */
class Statements {
  readonly db: SqlDatabase;
  readonly #links: SqlStatement<{ links: number }>;
  readonly #revision: SqlStatement<{ revision: number }>;
  readonly #read: SqlStatement<Omit<StoredCalls, "hour" | "parent" | "child">>;
  readonly #writeCalls: SqlStatement<unknown>;
  readonly #writeDurations: SqlStatement<unknown>;
  readonly #revise: SqlStatement<unknown>;
  readonly #remove: readonly SqlStatement<unknown>[];

  constructor(db: SqlDatabase) {
    this.db = db;
    this.#links = db.prepare("SELECT count(*) AS links FROM dependency WHERE hour = ?");
    this.#revision = db.prepare("SELECT revision AS revision FROM dependency_hour WHERE hour = ?");
    this.#read = db.prepare(
      `SELECT c.calls AS calls, c.errors AS errors, c.crc AS crc, d.durations AS durations
       FROM dependency c LEFT JOIN dependency_duration d ON ${SAME_LINK}
       WHERE c.hour = ? AND c.parent = ? AND c.child = ?`,
    );
    this.#writeCalls = db.prepare(
      "INSERT OR REPLACE INTO dependency (hour, parent, child, calls, errors, crc) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#writeDurations = db.prepare("INSERT OR REPLACE INTO dependency_duration VALUES (?, ?, ?, ?)");
    this.#revise = db.prepare("INSERT OR REPLACE INTO dependency_hour VALUES (?, ?)");
    this.#remove = ["dependency", "dependency_duration"].map((table) =>
      db.prepare(`DELETE FROM ${table} WHERE hour = ? AND parent = ? AND child = ?`),
    );
  }

  /** How many are stored of an hour. */
  links(hour: number): number {
    return this.#links.get(hour)?.links ?? 0;
  }

  revision(hour: number): number | undefined {
    return this.#revision.get(hour)?.revision;
  }

  /** Counts that cannot be believed count as none. */
  read(hour: number, parent: string, child: string): HeldLink | undefined {
    const row = this.#read.get(hour, parent, child);
    if (row === undefined) return undefined;
    const { calls, errors } = isSound({ hour, parent, child, ...row }) ? row : { calls: 0, errors: 0 };
    return { calls, errors, durations: readDurations(row.durations, placeOf(hour, parent, child)) };
  }

  write(hour: number, parent: string, child: string, { calls, errors, durations }: HeldLink): void {
    this.#writeCalls.run(hour, parent, child, calls, errors, crcOf({ hour, parent, child, calls, errors }));
    this.#writeDurations.run(hour, parent, child, encodeHistogram(durations, placeOf(hour, parent, child)));
  }

  remove(hour: number, parent: string, child: string): void {
    for (const statement of this.#remove) statement.run(hour, parent, child);
  }

  /** Drawn, not counted: an hour that is removed and comes back must not look as it did before. */
  revise(hour: number): number {
    const revision = randomInt(1, MAX_REVISION);
    this.#revise.run(hour, revision);
    return revision;
  }
}

/** Of the two tables, as `c` and `d`. */
const SAME_LINK = "d.hour = c.hour AND d.parent = c.parent AND d.child = c.child";

/**
 * The stored calls of some hours, with their durations where asked for; with `only` those of one link. Leaves out
 * counts that are not what was written; durations that cannot be read are empty.
 */
export function* readCalls(
  db: SqlDatabase,
  hours: readonly number[],
  durations: boolean,
  only?: { readonly parent: string; readonly child: string },
): Generator<ReadCalls> {
  // A folder of an older version has no checksums before it is written to.
  const crc = hasCrc(db) ? "c.crc" : "NULL";
  const named = "c.hour AS hour, c.parent AS parent, c.child AS child, c.calls AS calls, c.errors AS errors";
  const ofLink = only === undefined ? "" : " AND c.parent = ? AND c.child = ?";
  const which = `c.hour IN (SELECT value FROM json_each(?))${ofLink}`;
  const rows = db.prepare<StoredCalls>(
    durations
      ? `SELECT ${named}, ${crc} AS crc, d.durations AS durations
         FROM dependency c LEFT JOIN dependency_duration d ON ${SAME_LINK} WHERE ${which}`
      : `SELECT ${named}, ${crc} AS crc FROM dependency c WHERE ${which}`,
  );
  const link = only === undefined ? [] : [only.parent, only.child];
  for (const row of rows.iterate(JSON.stringify(hours), ...link)) {
    if (!isSound(row)) continue;
    const { hour, parent, child, calls, errors } = row;
    const read = durations ? readDurations(row.durations, placeOf(hour, parent, child)) : undefined;
    yield { hour, parent, child, calls, errors, durations: read };
  }
}

const TABLES = ["dependency", "dependency_duration", "dependency_hour"];

/** Removes the hours of which nothing is left in the log. Runs inside the caller's transaction. */
export function expireDependencies(db: SqlDatabase, ages: LogAges): void {
  if (!hasTable(db, "dependency_hour")) return;
  const { gone } = expireHours(db, "dependencies", storedHours(db), ages);
  if (gone.length === 0) return;
  for (const table of TABLES) {
    db.prepare(`DELETE FROM ${table} WHERE hour IN (SELECT value FROM json_each(?))`).run(JSON.stringify(gone));
  }
}

/** Removes the hours that ended before `beforeMs`, ms since the epoch. */
export function removeDependenciesBefore(db: SqlDatabase, beforeMs: number): void {
  for (const table of TABLES) {
    if (hasTable(db, table)) db.prepare(`DELETE FROM ${table} WHERE hour < ?`).run(hourOf(beforeMs));
  }
  removeReceivedBefore(db, "dependencies", hourOf(beforeMs));
}

function storedHours(db: SqlDatabase): number[] {
  return db
    .prepare<{ hour: number }>("SELECT hour AS hour FROM dependency_hour")
    .all()
    .map(({ hour }) => hour);
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
function placeOf(hour: number, parent: string, child: string): string {
  return JSON.stringify([hour, parent, child]);
}

function hasCrc(db: SqlDatabase): boolean {
  const columns = db.prepare<{ name: string }>("PRAGMA table_info(dependency)").all();
  return columns.some(({ name }) => name.toLowerCase() === "crc");
}

function crcOf({ hour, parent, child, calls, errors }: Omit<StoredCalls, "crc" | "durations">): number {
  return valuesCrc([hour, parent, child, calls, errors]);
}

function isSound(row: StoredCalls): boolean {
  return row.crc === null || row.crc === crcOf(row);
}

/** An empty one where nothing was stored, or what cannot be read. */
function readDurations(bytes: Uint8Array | null | undefined, place: string): ExponentialHistogram {
  try {
    return bytes == null ? new ExponentialHistogram() : decodeHistogram(bytes, place);
  } catch (error) {
    if (error instanceof RangeError) return new ExponentialHistogram();
    throw error;
  }
}
