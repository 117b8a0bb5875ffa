import { valuesCrc } from "../sqlite/checked-meta.ts";
import type { SqlDatabase, SqlStatement } from "../sqlite/driver.ts";

/**
 * When the newest span was received of those that began in an hour, for each hour that an aggregate has rows of. An
 * hour goes when nothing is left in the log that was received by then, however long ago its spans began: a span that
 * comes late counts as long as it is stored.
 *
 * `hour` is in hours since the epoch, `received_ms` in ms; NULL is not known: a version that did not keep it has
 * written the hour. `minutes` is 1 where the aggregate holds each minute of the hour as well. `crc` is CRC32 over the
 * other columns.
 */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS received_hour (
  aggregate TEXT NOT NULL,
  hour INTEGER NOT NULL,
  received_ms INTEGER,
  minutes INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  PRIMARY KEY (aggregate, hour)
) WITHOUT ROWID;
`;

/** Minutes are kept for this long after their hour was last received, ms. */
const MINUTES_KEPT_MS = 25 * 3_600_000;

export type HourlyAggregate = "dependencies" | "red";

/** The receive times of what is left of the log, ms since the epoch. */
export interface LogAges {
  /** Nothing that is left was received before. */
  readonly oldestMs: number;
  /** Nothing that is left was received later. */
  readonly newestMs: number;
  /** What the clock says. */
  readonly nowMs: number;
}

export interface ReceivedHour {
  readonly hour: number;
  /** `null` where it is not known. */
  readonly receivedMs: number | null;
  readonly minutes: boolean;
}

interface StoredHour {
  readonly hour: number;
  readonly receivedMs: number | null;
  readonly minutes: number;
  readonly crc: number;
}

const COLUMNS = "hour AS hour, received_ms AS receivedMs, minutes AS minutes, crc AS crc";

/** Makes the table. Throws SqlError `corrupt` where it is not the one that it makes. */
export function prepareReceivedHours(db: SqlDatabase): void {
  db.exec(SCHEMA);
  probe(db);
}

/** Names all columns: SQLite refuses where a name is not what it was. */
function probe(db: SqlDatabase): void {
  db.prepare("SELECT aggregate, hour, received_ms, minutes, crc FROM received_hour");
}

export function hasReceivedHours(db: SqlDatabase): boolean {
  return db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'received_hour'").get() !== undefined;
}

/** The newest receive times by hour of start, of what is not stored yet and of some that is. */
export class NewestReceived {
  static readonly #maxHours = 20_000;
  readonly #hours = new Map<number, number>();
  #newest = 0;

  add(hour: number, receivedMs: number): void {
    if (receivedMs > this.#newest) this.#newest = receivedMs;
    const known = this.#hours.get(hour);
    if (known !== undefined && known >= receivedMs) return;
    if (this.#hours.size >= NewestReceived.#maxHours) this.#hours.clear();
    this.#hours.set(hour, receivedMs);
  }

  /** Of an hour that is not held any more, that of all. */
  of(hour: number): number {
    return this.#hours.get(hour) ?? this.#newest;
  }
}

/** The writing side of the hours of one aggregate. */
export class ReceivedHours {
  readonly #aggregate: HourlyAggregate;
  #statements: Statements | undefined;

  constructor(aggregate: HourlyAggregate) {
    this.#aggregate = aggregate;
  }

  /**
   * Notes that spans of the hour were received then; `before` is what was known of it. Runs inside the caller's
   * transaction.
   */
  note(db: SqlDatabase, hour: number, receivedMs: number): { readonly before: ReceivedHour | undefined } {
    if (this.#statements?.db !== db) this.#statements = new Statements(db, this.#aggregate);
    const before = this.#statements.read(hour);
    // What is not known is filled by what is newer than all that was received.
    const isNewer = before === undefined || (before.receivedMs !== null && before.receivedMs < receivedMs);
    if (isNewer) this.#statements.write({ hour, receivedMs, minutes: before?.minutes ?? this.#aggregate === "red" });
    return { before };
  }
}

/** Of one connection. */
class Statements {
  readonly db: SqlDatabase;
  readonly #aggregate: HourlyAggregate;
  readonly #read: SqlStatement<StoredHour>;
  readonly #write: SqlStatement<unknown>;

  constructor(db: SqlDatabase, aggregate: HourlyAggregate) {
    this.db = db;
    this.#aggregate = aggregate;
    this.#read = db.prepare(`SELECT ${COLUMNS} FROM received_hour WHERE aggregate = ? AND hour = ?`);
    this.#write = db.prepare(
      "INSERT OR REPLACE INTO received_hour (aggregate, hour, received_ms, minutes, crc) VALUES (?, ?, ?, ?, ?)",
    );
  }

  read(hour: number): ReceivedHour | undefined {
    const row = this.#read.get(this.#aggregate, hour);
    return row === undefined ? undefined : believed(this.#aggregate, row);
  }

  write({ hour, receivedMs, minutes }: ReceivedHour): void {
    const row = { hour, receivedMs, minutes: minutes ? 1 : 0 };
    this.#write.run(this.#aggregate, hour, receivedMs, row.minutes, crcOf(this.#aggregate, row));
  }
}

/** All hours of an aggregate, by hour. */
export function readReceivedHours(db: SqlDatabase, aggregate: HourlyAggregate): Map<number, ReceivedHour> {
  const rows = db.prepare<StoredHour>(`SELECT ${COLUMNS} FROM received_hour WHERE aggregate = ?`).all(aggregate);
  return new Map(rows.map((row) => [row.hour, believed(aggregate, row)]));
}

export function writeReceivedHours(db: SqlDatabase, aggregate: HourlyAggregate, hours: Iterable<ReceivedHour>): void {
  const statements = new Statements(db, aggregate);
  for (const hour of hours) statements.write(hour);
}

export function removeReceivedHours(db: SqlDatabase, aggregate: HourlyAggregate, hours: Iterable<number>): void {
  const remove = db.prepare("DELETE FROM received_hour WHERE aggregate = ? AND hour = ?");
  for (const hour of hours) remove.run(aggregate, hour);
}

/** Removes the hours before this one. */
export function removeReceivedBefore(db: SqlDatabase, aggregate: HourlyAggregate, hour: number): void {
  if (!hasReceivedHours(db)) return;
  db.prepare("DELETE FROM received_hour WHERE aggregate = ? AND hour < ?").run(aggregate, hour);
}

/** Whether some minutes are missing of the hours from `first` to `last`. */
export function lacksMinutes(db: SqlDatabase, aggregate: HourlyAggregate, first: number, last: number): boolean {
  const found = db
    .prepare("SELECT 1 FROM received_hour WHERE aggregate = ? AND hour BETWEEN ? AND ? AND minutes = 0 LIMIT 1")
    .get(aggregate, first, last);
  return found !== undefined;
}

/**
 * What the aggregate has to remove: the hours of which nothing is left in the log, and those whose minutes are too old.
 * They are removed here. `stored` are the hours that it has rows of. What is not known of them is set to the newest
 * receive time in the log: that may keep an hour for too long, and never lets it go before its spans. Runs inside the
 * caller's transaction.
 */
export function expireHours(
  db: SqlDatabase,
  aggregate: HourlyAggregate,
  stored: readonly number[],
  { oldestMs, newestMs, nowMs }: LogAges,
): { readonly gone: readonly number[]; readonly withoutMinutes: readonly number[] } {
  const known = readReceivedHours(db, aggregate);
  const unused = new Set(known.keys());
  const changed: ReceivedHour[] = [];
  const gone: number[] = [];
  const withoutMinutes: number[] = [];
  for (const hour of stored) {
    unused.delete(hour);
    const before = known.get(hour);
    const receivedMs = before?.receivedMs ?? newestMs;
    // A time to come that nothing in the log has was taken from a clock that was wrong.
    if (receivedMs < oldestMs || receivedMs > Math.max(newestMs, nowMs)) {
      gone.push(hour);
      continue;
    }
    const hadMinutes = before?.minutes ?? false;
    const minutes = hadMinutes && receivedMs >= nowMs - MINUTES_KEPT_MS;
    if ((hadMinutes || before === undefined) && !minutes) withoutMinutes.push(hour);
    if (before?.receivedMs !== receivedMs || before.minutes !== minutes) changed.push({ hour, receivedMs, minutes });
  }
  removeReceivedHours(db, aggregate, [...gone, ...unused]);
  writeReceivedHours(db, aggregate, changed);
  return { gone, withoutMinutes };
}

/** What the stored hours hold that was not written, one sentence each. Throws SqlError. */
export function* receivedHourProblems(db: SqlDatabase): Generator<string> {
  // A folder of an older version has none before it is written to.
  if (!hasReceivedHours(db)) return;
  probe(db);
  const rows = db.prepare<StoredHour & { aggregate: string }>(
    `SELECT aggregate AS aggregate, ${COLUMNS} FROM received_hour`,
  );
  for (const { aggregate, ...row } of rows.iterate()) {
    if (row.crc === crcOf(aggregate, row)) continue;
    yield `receive time of ${aggregate} in hour ${row.hour}: not what was written (checksum)`;
  }
}

/** Nothing is known where the row is not what was written. */
function believed(aggregate: HourlyAggregate, row: StoredHour): ReceivedHour {
  const { hour, receivedMs, minutes } = row;
  if (row.crc !== crcOf(aggregate, row)) return { hour, receivedMs: null, minutes: false };
  return { hour, receivedMs, minutes: minutes === 1 };
}

function crcOf(aggregate: string, { hour, receivedMs, minutes }: Omit<StoredHour, "crc">): number {
  return valuesCrc([aggregate, hour, receivedMs, minutes]);
}
