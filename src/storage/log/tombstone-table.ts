import { readMeta, valuesCrc, writeMeta } from "../sqlite/checked-meta.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import type { Tombstone } from "./tombstones.ts";

interface StoredTombstone {
  readonly id: bigint;
  readonly traceId: Uint8Array;
  readonly through: bigint;
  readonly createdMs: bigint;
  /** Null in a row that an older version wrote. */
  readonly crc: bigint | null;
}

/** CRC32 over the checksums of all rows: a row that is lost leaves no other trace. */
const LIST_CRC = "tombstones_crc";
const TRACE_ID_BYTES = 16;

/** Tombstones as the catalog stores them, and what of them is not as it was written. */
export interface StoredTombstones {
  /** Those that can be believed, by id. */
  readonly tombstones: readonly Tombstone[];
  /** One sentence for each damage. */
  readonly problems: readonly string[];
}

/** Reads the tombstones of a catalog, of an older version too. Throws SqlError. */
export function readTombstones(db: SqlDatabase): StoredTombstones {
  const rows = storedRows(db);
  const problems: string[] = [];
  const tombstones = rows.flatMap((row): Tombstone | [] => {
    const sound = row.crc === null || Number(row.crc) === crcOf(row);
    if (sound && row.traceId instanceof Uint8Array && row.traceId.length === TRACE_ID_BYTES) return toTombstone(row);
    problems.push(`the deletion of a trace, ${nameOf(row)}, is not what was written`);
    return [];
  });
  const list = readMeta(db, LIST_CRC);
  if (list !== undefined && problems.length === 0 && list !== String(listCrc(rows))) {
    problems.push("deletions of traces are missing");
  }
  return { tombstones, problems };
}

/** The writer's side of the catalog's tombstones. Its methods throw SqlError. */
export class TombstoneTable {
  readonly #db: SqlDatabase;

  constructor(db: SqlDatabase) {
    this.#db = db;
  }

  /** Adds a tombstone for each trace, 16 bytes each, with ids from `firstId` on. */
  add(traceIds: readonly Uint8Array[], through: number, firstId: number, nowMs: number): void {
    this.put(
      traceIds.map((traceId, i) => ({ id: firstId + i, traceId, through })),
      nowMs,
    );
  }

  put(tombstones: readonly Tombstone[], nowMs: number): void {
    this.#db.transaction(() => {
      const insert = this.#db.prepare(
        "INSERT INTO tombstone (id, trace_id, through, created_ms, crc) VALUES (?, ?, ?, ?, ?)",
      );
      for (const { id, traceId, through } of tombstones) {
        insert.run(id, traceId, through, nowMs, valuesCrc([id, traceId, through, nowMs]));
      }
      this.#seal();
    });
  }

  /** Removes those up to `id`. */
  drop(id: number): void {
    this.#db.transaction(() => {
      this.#db.prepare("DELETE FROM tombstone WHERE id <= ?").run(id);
      this.#seal();
    });
  }

  /** Greatest id that was ever given, as far as this file knows; 0 for none. */
  lastId(): number {
    const sequence = this.#db
      .prepare<{ seq: number }>("SELECT seq AS seq FROM sqlite_sequence WHERE name = 'tombstone'")
      .get();
    const last = this.#db.prepare<{ id: number | null }>("SELECT max(id) AS id FROM tombstone").get();
    return Math.max(Number(sequence?.seq ?? 0), last?.id ?? 0);
  }

  /** Gives rows of an older version their checksums. */
  adopt(): void {
    const rows = storedRows(this.#db);
    if (readMeta(this.#db, LIST_CRC) !== undefined && rows.every(({ crc }) => crc !== null)) return;
    this.#db.transaction(() => {
      const update = this.#db.prepare("UPDATE tombstone SET crc = ? WHERE id = ?");
      for (const row of rows) if (row.crc === null) update.run(crcOf(row), row.id);
      this.#seal();
    });
  }

  #seal(): void {
    writeMeta(this.#db, LIST_CRC, String(listCrc(storedRows(this.#db))));
  }
}

function storedRows(db: SqlDatabase): StoredTombstone[] {
  const columns = db.prepare<{ name: string }>("PRAGMA table_info(tombstone)").all();
  const crc = columns.some(({ name }) => name.toLowerCase() === "crc") ? "crc" : "NULL";
  return db
    .prepare<StoredTombstone>(
      `SELECT id AS id, trace_id AS traceId, through AS through, created_ms AS createdMs, ${crc} AS crc FROM tombstone ORDER BY id`,
      { bigints: true },
    )
    .all();
}

function crcOf({ id, traceId, through, createdMs }: StoredTombstone): number {
  return valuesCrc([id, traceId, through, createdMs]);
}

function listCrc(rows: readonly StoredTombstone[]): number {
  return valuesCrc(rows.flatMap(({ id, crc }) => [id, crc]));
}

function toTombstone({ id, traceId, through }: StoredTombstone): Tombstone {
  return { id: Number(id), traceId, through: Number(through) };
}

/** The bytes as they are read now: all but a bit of them is likely right. */
function nameOf({ traceId }: StoredTombstone): string {
  return traceId instanceof Uint8Array ? Buffer.from(traceId).toString("hex") : "id unknown";
}
