import { compareText } from "../../model/compare-text.ts";
import {
  OTHER_OPERATIONS,
  OTHER_SERVICES,
  type RedMetrics,
  type RedQuery,
  type RedSeries,
} from "../../model/red-metrics.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../model/time.ts";
import type { SqlDatabase, SqlStatement } from "../sqlite/driver.ts";
import {
  expireHours,
  hasReceivedHours,
  type LogAges,
  lacksMinutes,
  prepareReceivedHours,
  type ReceivedHour,
  ReceivedHours,
  readReceivedHours,
  removeReceivedBefore,
  writeReceivedHours,
} from "./received-hours.ts";
import { cellKey, decodeCells, encodeCells, kindOfKey, operationOfKey, RedCell, type RedCells } from "./red-cell.ts";
import { prepareServicePlaces, readServicePlaces, ServicePlaces } from "./service-places.ts";

export interface RedSettings {
  /** Operations (with their kinds) of one service that are kept apart in one minute or hour; the others are summed. */
  readonly maxOperations: number;
  /** Services kept apart; the others are summed. */
  readonly maxServices: number;
}

/** By minute of start (minutes since the epoch) and service. */
export type RedDelta = Map<number, Map<string, RedCells>>;

const MINUTES_OF_HOUR = 60;
/** Cells of operations that are held in memory: mostly below 1 kB each, 3 kB at most. */
const MAX_HELD_CELLS = 5_000;
/** Longest range that is answered by minutes, ms. */
const MINUTES_RANGE_MS = DAY_MS;

const KEPT_COLUMNS = "(id INTEGER PRIMARY KEY CHECK (id = 0), minutes_from INTEGER NOT NULL)";

/**
 * Every service has a row for each minute and, beside it, for each hour in which spans of it started: `bucket` is the
 * number of widths (ms) since the epoch, `totals` the cells of each kind, `operations` those of each operation and
 * kind. In consumers.db, beside the cursor that produced it. received-hours.ts says how long an hour stays, and whether
 * all of its minutes are there. `minutes_from` is for older versions, which answer by minutes from there on; they wrote
 * it, too.
 */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS red (
  width INTEGER NOT NULL,
  service TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  totals BLOB NOT NULL,
  operations BLOB NOT NULL,
  UNIQUE (width, service, bucket)
);
CREATE TABLE IF NOT EXISTS red_kept ${KEPT_COLUMNS};
`;

type Column = "totals" | "operations";

/** Makes the tables. Throws SqlError `corrupt` where they are not the ones that it makes. */
export function prepareRed(db: SqlDatabase): void {
  db.exec(SCHEMA);
  probe(db);
  prepareReceivedHours(db);
  prepareServicePlaces(db);
  placeKnownServices(db);
}

/** Gives places to the services of rates that a version stored which gave none: by their first hours, then by name. */
function placeKnownServices(db: SqlDatabase): void {
  const places = readServicePlaces(db);
  const first = db.prepare<{ hour: number }>("SELECT min(bucket) AS hour FROM red WHERE width = ? AND service = ?");
  const missing = servicesOf(db, HOUR_MS)
    .filter((service) => service !== OTHER_SERVICES && !places.has(service))
    .map((service) => ({ service, hour: first.get(HOUR_MS, service)?.hour ?? 0 }))
    .sort((a, b) => a.hour - b.hour || compareText(a.service, b.service));
  if (missing.length === 0) return;
  new ServicePlaces().add(
    db,
    missing.map(({ service }) => service),
  );
}

/**
 * Takes over what a version wrote that kept no receive times, before this one or after it. Runs inside the caller's
 * transaction.
 */
export function adoptRed(db: SqlDatabase): void {
  const from = Math.ceil(minutesFrom(db) / MINUTES_OF_HOUR);
  const known = readReceivedHours(db, "red");
  const hours = storedHours(db).map((hour): ReceivedHour => {
    return { hour, receivedMs: null, minutes: hour >= from && (known.get(hour)?.minutes ?? true) };
  });
  removeMinutes(
    db,
    hours.filter(({ minutes }) => !minutes).map(({ hour }) => hour),
  );
  writeReceivedHours(db, "red", hours);
}

/** Names all columns: SQLite refuses where a name is not what it was. */
function probe(db: SqlDatabase): void {
  db.prepare("SELECT width, service, bucket, totals, operations FROM red");
  db.prepare("SELECT id, minutes_from FROM red_kept");
}

interface Row {
  readonly totals: Uint8Array;
  readonly operations: Uint8Array;
}

/** A row as it is stored, and what it says. */
interface HeldRow extends Row {
  readonly cells: { readonly totals: RedCells; readonly operations: RedCells };
}

/** Of one connection. */
interface Statements {
  readonly db: SqlDatabase;
  readonly read: SqlStatement<Row>;
  readonly write: SqlStatement<unknown>;
}

/** The writing side of the stored RED metrics. */
export class RedTable {
  readonly #settings: RedSettings;
  readonly #maxHeld: number;
  #statements: Statements | undefined;
  /**
   * What the last call wrote, by `placeOf`, and the one before it while another writes. It is used where the stored
   * bytes are still the same: whatever rolls back, removes or harms a row, there is nothing to be told here.
   */
  #held = new Map<string, HeldRow>();
  #heldBefore = new Map<string, HeldRow>();
  #heldCells = 0;
  /** Names in the table; read again when undefined. */
  #services: Set<string> | undefined;
  readonly #received = new ReceivedHours("red");
  readonly #places = new ServicePlaces();

  /** `maxHeld` cells of operations are held in memory. */
  constructor(settings: RedSettings, maxHeld = MAX_HELD_CELLS) {
    this.#settings = settings;
    this.#maxHeld = maxHeld;
  }

  load(db: SqlDatabase): void {
    prepareRed(db);
  }

  /** What was written since the last commit did not last. */
  forget(): void {
    this.#services = undefined;
    this.#places.forget();
  }

  /**
   * Adds counts to the stored ones; `receivedMs` says when the newest span of an hour was received. Runs inside the
   * caller's transaction. Returns the number of spans that are not kept under the names of their own service and
   * operation.
   */
  add(db: SqlDatabase, delta: RedDelta, receivedMs: (hour: number) => number): number {
    this.#heldBefore = this.#held;
    this.#held = new Map();
    this.#heldCells = 0;
    const withMinutes = this.#noteHours(db, delta.keys(), receivedMs);
    const hours: RedDelta = new Map();
    for (const [minute, services] of delta) {
      const hour = hourOfMinute(minute);
      for (const [name, cells] of services) {
        const service = this.#nameFor(db, name);
        if (withMinutes.get(hour)) this.#addRow(db, MINUTE_MS, service, minute, cells);
        const ofHour = getOrPut<string, RedCells>(getOrPut(hours, hour, newMap<string, RedCells>), service, newMap);
        for (const [key, cell] of cells) getOrPut(ofHour, key, () => new RedCell()).merge(cell);
      }
    }
    let summed = 0;
    for (const [hour, services] of hours) {
      for (const [service, cells] of services) summed += this.#addRow(db, HOUR_MS, service, hour, cells);
    }
    this.#heldBefore = new Map();
    this.#places.note(db, servicesIn(hours));
    return summed;
  }

  /** Whether minutes are kept of each hour that the given minutes are in. */
  #noteHours(
    db: SqlDatabase,
    minutes: Iterable<number>,
    receivedMs: (hour: number) => number,
  ): ReadonlyMap<number, boolean> {
    const withMinutes = new Map<number, boolean>();
    for (const minute of minutes) {
      const hour = hourOfMinute(minute);
      if (withMinutes.has(hour)) continue;
      const { before } = this.#received.note(db, hour, receivedMs(hour));
      // Hours go without a word to this; with each that is new the names of those that went are forgotten.
      if (before === undefined) this.#services = undefined;
      withMinutes.set(hour, before?.minutes ?? true);
    }
    return withMinutes;
  }

  /** Returns the number of spans that are in the row under another name than their own. */
  #addRow(db: SqlDatabase, width: number, service: string, bucket: number, delta: RedCells): number {
    if (this.#statements?.db !== db) this.#statements = prepare(db);
    const { read, write } = this.#statements;
    let summed = 0;
    const place = (column: Column) => placeOf(width, service, bucket, column);
    const [ofTotals, ofOperations] = [place("totals"), place("operations")];
    const row = read.get(width, service, bucket);
    const cells = row === undefined ? undefined : this.#takeHeld(ofOperations, row);
    const totals = cells?.totals ?? (row === undefined ? newMap() : readCells(row.totals, ofTotals));
    const operations = cells?.operations ?? (row === undefined ? newMap() : readCells(row.operations, ofOperations));
    for (const [key, cell] of delta) {
      const kind = kindOfKey(key);
      const known = operations.has(key) || operations.size < this.#settings.maxOperations;
      const others = cellKey(OTHER_OPERATIONS, kind);
      getOrPut(operations, known ? key : others, () => new RedCell()).merge(cell);
      if (!known || key === others || service === OTHER_SERVICES) summed += cell.spans;
      getOrPut(totals, cellKey("", kind), () => new RedCell()).merge(cell);
    }
    const bytes: Row = { totals: encodeCells(totals, ofTotals), operations: encodeCells(operations, ofOperations) };
    write.run(width, service, bucket, bytes.totals, bytes.operations);
    if (this.#heldCells + operations.size <= this.#maxHeld) {
      this.#heldCells += operations.size;
      this.#held.set(ofOperations, { ...bytes, cells: { totals, operations } });
    }
    return summed;
  }

  /** What was written as this row, which is held no longer; undefined where something else is stored now. */
  #takeHeld(place: string, row: Row): HeldRow["cells"] | undefined {
    const again = this.#held.get(place);
    const held = again ?? this.#heldBefore.get(place);
    if (held === undefined) return undefined;
    if (again === undefined) this.#heldBefore.delete(place);
    else {
      this.#held.delete(place);
      this.#heldCells -= again.cells.operations.size;
    }
    const same = Buffer.compare(held.totals, row.totals) === 0 && Buffer.compare(held.operations, row.operations) === 0;
    return same ? held.cells : undefined;
  }

  /** The name under which a service is kept. */
  #nameFor(db: SqlDatabase, service: string): string {
    this.#services ??= new Set(servicesOf(db, HOUR_MS));
    if (this.#services.has(service)) return service;
    if (this.#services.size >= this.#settings.maxServices) return OTHER_SERVICES;
    this.#services.add(service);
    return service;
  }
}

/** The services of a delta that are kept apart. */
function* servicesIn(delta: RedDelta): Generator<string> {
  for (const services of delta.values()) {
    for (const service of services.keys()) if (service !== OTHER_SERVICES) yield service;
  }
}

function prepare(db: SqlDatabase): Statements {
  return {
    db,
    read: db.prepare(
      "SELECT totals AS totals, operations AS operations FROM red WHERE width = ? AND service = ? AND bucket = ?",
    ),
    write: db.prepare(
      `INSERT INTO red (width, service, bucket, totals, operations) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (width, service, bucket) DO UPDATE SET totals = excluded.totals, operations = excluded.operations`,
    ),
  };
}

/**
 * Removes the hours of which nothing is left in the log, and minutes that are too old. Runs inside the caller's
 * transaction.
 */
export function expireRed(db: SqlDatabase, ages: LogAges): void {
  if (!hasTable(db)) return;
  const { gone, withoutMinutes } = expireHours(db, "red", storedHours(db), ages);
  removeMinutes(db, [...gone, ...withoutMinutes]);
  removeHours(db, gone);
}

/**
 * Removes the older eighth of the minutes, in whole hours, or of the hours where there are no minutes left: what
 * senders name is not to fill the disk. False where nothing is left.
 */
export function shrinkRed(db: SqlDatabase): boolean {
  if (!hasTable(db)) return false;
  for (const width of [MINUTE_MS, HOUR_MS]) {
    const { first, last } = db
      .prepare<{ first: number | null; last: number | null }>(
        "SELECT min(bucket) AS first, max(bucket) AS last FROM red WHERE width = ?",
      )
      .get(width) ?? { first: null, last: null };
    if (first === null || last === null) continue;
    const from = first + Math.max(1, Math.ceil((last - first) / 8));
    if (width === MINUTE_MS) forgetMinutes(db, Math.max(hourOfMinute(first) + 1, hourOfMinute(from)));
    else {
      removeRows(db, HOUR_MS, from);
      removeReceivedBefore(db, "red", from);
    }
    return true;
  }
  return false;
}

/** Removes the minutes of the hours before this one. */
function forgetMinutes(db: SqlDatabase, hour: number): void {
  removeRows(db, MINUTE_MS, hour * MINUTES_OF_HOUR);
  raiseMinutesFrom(db, hour * MINUTES_OF_HOUR);
  const hours = [...readReceivedHours(db, "red").values()].filter((known) => known.minutes && known.hour < hour);
  writeReceivedHours(
    db,
    "red",
    hours.map((known) => ({ ...known, minutes: false })),
  );
}

function removeRows(db: SqlDatabase, width: number, before: number): void {
  db.prepare("DELETE FROM red WHERE width = ? AND bucket < ?").run(width, before);
}

function removeHours(db: SqlDatabase, hours: readonly number[]): void {
  if (hours.length === 0) return;
  db.prepare("DELETE FROM red WHERE width = ? AND bucket IN (SELECT value FROM json_each(?))").run(
    HOUR_MS,
    JSON.stringify(hours),
  );
}

/** Removes the minutes of some hours. */
function removeMinutes(db: SqlDatabase, hours: readonly number[]): void {
  if (hours.length === 0) return;
  // A bound 60 would be a REAL, and so the quotient.
  db.prepare(`DELETE FROM red WHERE width = ? AND bucket / ${MINUTES_OF_HOUR} IN (SELECT value FROM json_each(?))`).run(
    MINUTE_MS,
    JSON.stringify(hours),
  );
  raiseMinutesFrom(db, (hours.reduce((a, b) => Math.max(a, b)) + 1) * MINUTES_OF_HOUR);
}

function raiseMinutesFrom(db: SqlDatabase, minute: number): void {
  const from = Math.max(minute, minutesFrom(db));
  db.prepare("INSERT OR REPLACE INTO red_kept (id, minutes_from) VALUES (0, ?)").run(from);
}

/** The hours that there are rows of. */
function storedHours(db: SqlDatabase): number[] {
  return db
    .prepare<{ hour: number }>("SELECT DISTINCT bucket AS hour FROM red WHERE width = ?")
    .all(HOUR_MS)
    .map(({ hour }) => hour);
}

function hourOfMinute(minute: number): number {
  return Math.floor(minute / MINUTES_OF_HOUR);
}

/**
 * The stored metrics as series. Points begin at multiples of the step; the first holds `startMs`, the last begins
 * before `endMs`. Minutes answer ranges of up to 24 hours where all of them are kept, hours all others. Empty where no
 * aggregate was ever stored.
 */
export function readRed(db: SqlDatabase, query: RedQuery): RedMetrics {
  const stored = hasTable(db);
  const byMinutes =
    query.stepMs < HOUR_MS && query.endMs - query.startMs <= MINUTES_RANGE_MS && (!stored || hasAllMinutes(db, query));
  const width = byMinutes ? MINUTE_MS : HOUR_MS;
  const stepMs = Math.max(1, Math.ceil(query.stepMs / width)) * width;
  const startMs = Math.floor(query.startMs / stepMs) * stepMs;
  const points = Math.max(0, Math.ceil((query.endMs - startMs) / stepMs));
  const series: RedSeries[] = [];
  if (stored && points > 0) {
    const first = startMs / width;
    const last = first + (points * stepMs) / width - 1;
    const column: Column = query.byOperation ? "operations" : "totals";
    const rows = db.prepare<{ bucket: number; cells: Uint8Array }>(
      `SELECT bucket AS bucket, ${column} AS cells FROM red WHERE width = ? AND service = ? AND bucket BETWEEN ? AND ?`,
    );
    for (const service of query.services ?? servicesOf(db, width)) {
      const byKey = new Map<string, (RedCell | undefined)[]>();
      for (const { bucket, cells } of rows.all(width, service, first, last)) {
        const point = Math.floor((bucket * width - startMs) / stepMs);
        for (const [key, cell] of readCells(cells, placeOf(width, service, bucket, column))) {
          if (query.kinds !== undefined && !query.kinds.includes(kindOfKey(key))) continue;
          const list = getOrPut(byKey, key, () => new Array<RedCell | undefined>(points).fill(undefined));
          const sum = list[point];
          if (sum === undefined) list[point] = cell;
          else sum.merge(cell);
        }
      }
      for (const [key, list] of byKey) {
        const operation = query.byOperation ? operationOfKey(key) : undefined;
        series.push({ service, operation, kind: kindOfKey(key), points: list });
      }
    }
  }
  return { startMs, stepMs, points, series: series.sort(inOrder) };
}

function hasAllMinutes(db: SqlDatabase, { startMs, endMs }: RedQuery): boolean {
  // A folder that an older version wrote, and nobody has opened for writing since.
  if (!hasReceivedHours(db)) return startMs >= minutesFrom(db) * MINUTE_MS;
  return !lacksMinutes(db, "red", Math.floor(startMs / HOUR_MS), Math.floor(endMs / HOUR_MS));
}

function inOrder(a: RedSeries, b: RedSeries): number {
  return compareText(a.service, b.service) || compareText(a.operation ?? "", b.operation ?? "") || a.kind - b.kind;
}

/** One step of the index for each name, however many rows it has. */
function servicesOf(db: SqlDatabase, width: number): string[] {
  return db
    .prepare<{ name: string }>(
      `WITH RECURSIVE names(name) AS (
         SELECT min(service) FROM red WHERE width = ?
         UNION ALL
         SELECT (SELECT min(service) FROM red WHERE width = ? AND service > name) FROM names WHERE name IS NOT NULL
       ) SELECT name FROM names WHERE name IS NOT NULL`,
    )
    .all(width, width)
    .map(({ name }) => name);
}

function minutesFrom(db: SqlDatabase): number {
  return db.prepare<{ minutes: number }>("SELECT minutes_from AS minutes FROM red_kept").get()?.minutes ?? 0;
}

function hasTable(db: SqlDatabase): boolean {
  return db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'red_kept'").get() !== undefined;
}

/** What the stored metrics hold that was not written, one sentence each. Throws SqlError. */
export function* redProblems(db: SqlDatabase): Generator<string> {
  if (!hasTable(db)) return;
  probe(db);
  const kept = db.prepare<{ sql: string }>("SELECT sql AS sql FROM sqlite_master WHERE name = 'red_kept'").get();
  // It may hold no row yet: SQLite's own check looks at the constraint with each row.
  if (kept?.sql.endsWith(KEPT_COLUMNS) !== true) yield "the table red_kept is not the one that was made";
  const rows = db.prepare<Row & { width: number; service: string; bucket: number }>(
    `SELECT width AS width, service AS service, bucket AS bucket, totals AS totals, operations AS operations FROM red`,
  );
  for (const { width, service, bucket, ...row } of rows.iterate()) {
    for (const column of ["totals", "operations"] as const) {
      try {
        decodeCells(row[column], placeOf(width, service, bucket, column));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        const at = new Date(bucket * width);
        yield `rates of ${service}, ${Number.isNaN(at.getTime()) ? "time unknown" : at.toISOString()}: ${error.message}`;
      }
    }
  }
}

/** What the checksum of a row's cells covers beside them. */
function placeOf(width: number, service: string, bucket: number, column: Column): string {
  return JSON.stringify([width, service, bucket, column]);
}

/** Cells whose bytes cannot be read count as none: the spans are stored all the same, and others must be counted. */
function readCells(bytes: Uint8Array, place: string): RedCells {
  try {
    return decodeCells(bytes, place);
  } catch (error) {
    if (error instanceof RangeError) return newMap();
    throw error;
  }
}

function newMap<Key, Value>(): Map<Key, Value> {
  return new Map();
}

function getOrPut<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
