import type { LogPosition } from "../log/segment-source.ts";
import { readMeta, valuesCrc, writeMeta } from "../sqlite/checked-meta.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";

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

const CURSORS_CRC = "cursors_crc";
/** Key of `meta`: what `cursorsCrc` was when a version stored cursors that keeps the receive times of aggregates. */
export const RECEIVED_WITH = "received_with_cursors";

/** What is wrong with the cursors of a consumers.db; undefined where they are what was written. Throws SqlError. */
export function cursorProblem(db: SqlDatabase): string | undefined {
  const crc = cursorsCrc(db);
  const stored = readMeta(db, CURSORS_CRC);
  return stored === undefined || stored === crc ? undefined : "the cursors are not what was written";
}

/** Over all of them: a row that is lost leaves no other trace. */
export function cursorsCrc(db: SqlDatabase): string {
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
        `SELECT name AS name, segment AS segment, row AS block, sequence AS sequence, spans_through AS spansThrough,
           delivered AS delivered, rejected AS rejected, lost AS lost, retries AS retries
         FROM consumer WHERE name = ?`,
      )
      .get(name);
    if (row === undefined) return undefined;
    const { segment, block, sequence, spansThrough, delivered, rejected, lost, retries } = row;
    return { position: { segment, block, sequence, spansThrough }, delivered, rejected, lost, retries };
  }

  /** Writes cursors, and whatever `also` writes, in one transaction. Throws SqlError. */
  save(states: ReadonlyMap<string, ConsumerState>, also: (db: SqlDatabase) => void = () => {}): void {
    this.#db.transaction(() => {
      const statement = this.#db.prepare("INSERT OR REPLACE INTO consumer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
      for (const [name, { position: p, delivered, rejected, lost, retries }] of states) {
        statement.run(name, p.segment, p.block, p.sequence, p.spansThrough, delivered, rejected, lost, retries);
      }
      const crc = cursorsCrc(this.#db);
      writeMeta(this.#db, CURSORS_CRC, crc);
      writeMeta(this.#db, RECEIVED_WITH, crc);
      also(this.#db);
    });
  }
}
