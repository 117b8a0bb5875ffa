import type { Logger } from "../../component/logger.ts";
import { prepareDependencies } from "../aggregates/dependency-table.ts";
import { prepareRed } from "../aggregates/red-table.ts";
import { putDatabaseAside } from "../folder/segment-files.ts";
import type { LogPosition } from "../log/log-reader.ts";
import { CONSUMERS_SCHEMA } from "../log/schema.ts";
import { readMeta, valuesCrc, writeMeta } from "../sqlite/checked-meta.ts";
import { type SqlDatabase, type SqlDriver, SqlError } from "../sqlite/driver.ts";

/** What is kept of a log consumer. Counters are of all times. */
export interface ConsumerState {
  /** Everything up to here is done. */
  readonly position: LogPosition;
  readonly delivered: number;
  readonly rejected: number;
  readonly lost: number;
  readonly retries: number;
}

interface ConsumerRow extends LogPosition {
  readonly name: string;
  readonly delivered: number;
  readonly rejected: number;
  readonly lost: number;
  readonly retries: number;
}

/** Opens consumers.db, or makes it. A damaged one is put aside; `wasDamaged` then tells that cursors were lost. */
export function openConsumersDb(
  driver: SqlDriver,
  path: string,
  logger: Logger,
): { readonly db: SqlDatabase; readonly wasDamaged: boolean } {
  try {
    return { db: open(driver, path), wasDamaged: false };
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
    // A cursor that a power cut sets back only repeats deliveries, so it need not reach the disk at once.
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${CONSUMERS_SCHEMA}`);
    // Damage to the tables of aggregates would keep cursors from being stored, as these share their transaction.
    prepareDependencies(db);
    prepareRed(db);
    const [found] = db.prepare<{ quick_check: string }>("PRAGMA quick_check(1)").all();
    if (found?.quick_check !== "ok") throw new SqlError("corrupt", "SQLITE_CORRUPT", path, found?.quick_check ?? "");
    const problem = cursorProblem(db);
    if (problem !== undefined) throw new SqlError("corrupt", "SPANLOOM_CHECKSUM", path, problem);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

const CURSORS_CRC = "cursors_crc";

/** What is wrong with the cursors of a consumers.db; undefined where they are what was written. Throws SqlError. */
export function cursorProblem(db: SqlDatabase): string | undefined {
  const crc = cursorsCrc(db);
  const stored = readMeta(db, CURSORS_CRC);
  return stored === undefined || stored === crc ? undefined : "the cursors are not what was written";
}

/** Over all of them: a row that is lost leaves no other trace. */
function cursorsCrc(db: SqlDatabase): string {
  const rows = db
    .prepare<Readonly<Record<string, string | bigint | null>>>(
      `SELECT name, segment, row, sequence, spans_through, delivered, rejected, lost, retries
       FROM consumer ORDER BY name`,
      { bigints: true },
    )
    .all();
  return String(valuesCrc(rows.flatMap((row) => Object.values(row))));
}

/** The cursors in consumers.db. */
export class CursorStore {
  readonly #db: SqlDatabase;

  constructor(db: SqlDatabase) {
    this.#db = db;
  }

  load(name: string): ConsumerState | undefined {
    const row = this.#db
      .prepare<ConsumerRow>(
        // Named again: without it a result has the names of the file, in which a bit may make another case.
        `SELECT name AS name, segment AS segment, row AS row, sequence AS sequence, spans_through AS spansThrough,
           delivered AS delivered, rejected AS rejected, lost AS lost, retries AS retries
         FROM consumer WHERE name = ?`,
      )
      .get(name);
    if (row === undefined) return undefined;
    const { segment, row: at, sequence, spansThrough, delivered, rejected, lost, retries } = row;
    return { position: { segment, row: at, sequence, spansThrough }, delivered, rejected, lost, retries };
  }

  /** Writes cursors, and whatever `also` writes, in one transaction. Throws SqlError. */
  save(states: ReadonlyMap<string, ConsumerState>, also: (db: SqlDatabase) => void = () => {}): void {
    this.#db.transaction(() => {
      const statement = this.#db.prepare("INSERT OR REPLACE INTO consumer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
      for (const [name, { position: p, delivered, rejected, lost, retries }] of states) {
        statement.run(name, p.segment, p.row, p.sequence, p.spansThrough, delivered, rejected, lost, retries);
      }
      writeMeta(this.#db, CURSORS_CRC, cursorsCrc(this.#db));
      also(this.#db);
    });
  }
}
