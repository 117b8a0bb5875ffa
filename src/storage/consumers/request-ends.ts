import { randomUUID } from "node:crypto";
import { type Cursor, compareCursors } from "../../model/log.ts";
import type { LogPosition } from "../log/segment-source.ts";
import { readMeta, writeMeta } from "../sqlite/checked-meta.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";

/** Key of `meta`: tells this log from others, so that the ranges of two never look alike. */
const LOG_ID = "log_id";

/**
 * Where the requests of one exporter end that were begun and that its stored cursor has not passed. After a crash they
 * are gathered once more up to the same places, so that a destination can tell what it has.
 */
export class RequestEnds {
  readonly #db: SqlDatabase;
  readonly #name: string;
  readonly #logId: string;
  /** In the order of the log; those of before the start that were not yet gathered again. */
  readonly #before: Cursor[];

  /** @param after the stored cursor. Throws SqlError */
  constructor(db: SqlDatabase, name: string, after: Cursor) {
    this.#db = db;
    this.#name = name;
    this.#logId = logIdOf(db);
    this.#before = db
      .prepare<{ segment: number; block: number }>(
        "SELECT segment AS segment, row AS block FROM request WHERE name = ? ORDER BY segment, row",
      )
      .all(name)
      .filter((end) => compareCursors(end, after) > 0);
  }

  /** Where the batch after `from` ended before the start; undefined where none was begun. */
  next(from: Cursor): Cursor | undefined {
    while (this.#before[0] !== undefined && compareCursors(this.#before[0], from) <= 0) this.#before.shift();
    return this.#before[0];
  }

  /** Names the request that ends there. */
  rangeOf({ sequence }: LogPosition): string {
    return `${this.#logId} ${sequence}`;
  }

  /** To be called before the request that ends there is sent. Throws SqlError. */
  store({ segment, block }: Cursor): void {
    this.#db.prepare("INSERT OR REPLACE INTO request VALUES (?, ?, ?)").run(this.#name, segment, block);
  }

  /** The cursor that is stored has passed this place. Throws SqlError. */
  passed({ segment, block }: Cursor): void {
    this.#db
      .prepare("DELETE FROM request WHERE name = ? AND (segment < ? OR (segment = ? AND row <= ?))")
      .run(this.#name, segment, segment, block);
  }

  /** The exporter was set back: its requests begin anew. Throws SqlError. */
  forget(): void {
    this.#before.length = 0;
    this.#db.prepare("DELETE FROM request WHERE name = ?").run(this.#name);
  }
}

function logIdOf(db: SqlDatabase): string {
  const known = readMeta(db, LOG_ID);
  if (known !== undefined) return known;
  const made = randomUUID();
  writeMeta(db, LOG_ID, made);
  return made;
}
