import type { SegmentId, SegmentPosition } from "../../model/log.ts";
import { checkFormat, formatProblem, storedFormat } from "../folder/data-format.ts";
import { FORMAT_VERSION } from "../folder/layout.ts";
import { readMeta, valuesCrc, writeMeta } from "../sqlite/checked-meta.ts";
import { type SqlDatabase, SqlError, type SqlStatement } from "../sqlite/driver.ts";
import { CATALOG_ADDITIONS, CATALOG_SCHEMA, type SegmentState } from "./schema.ts";
import { readTombstones, TombstoneTable } from "./tombstone-table.ts";
import type { Tombstone } from "./tombstones.ts";

export interface CatalogEntry {
  readonly id: SegmentId;
  readonly state: SegmentState;
  /** ms since the epoch. */
  readonly createdMs: number;
  readonly rows: number;
  readonly spans: number;
  /** Of the files on disk. */
  readonly bytes: number;
  readonly minReceivedMs: number | null;
  readonly maxReceivedMs: number | null;
  /** Of its last row; of the row before its first where it has none. */
  readonly lastSequence: number;
  readonly spansThrough: number;
  /** Its place in the log, by which cursors name it. */
  readonly position: SegmentPosition;
  /** 1 for a sealed segment, else 0. */
  readonly sealed: number;
  /** Greatest id of the tombstones that were applied to it. */
  readonly tombstones: number;
}

/** Each by a name of its own, for SQLite would give the one that the file has, in letters of any case. */
const COLUMNS = `id AS id, state AS state, created_ms AS createdMs, rows AS rows, spans AS spans, bytes AS bytes,
  min_received_ms AS minReceivedMs,
  max_received_ms AS maxReceivedMs, last_sequence AS lastSequence, spans_through AS spansThrough,
  position AS position, sealed AS sealed, tombstones AS tombstones`;
const TOMBSTONE_COLUMNS = "id AS id, trace_id AS traceId, through AS through";

interface StoredEntry extends CatalogEntry {
  readonly crc: number | null;
}

export interface CatalogLists {
  /** All segments whatever their state, oldest first. */
  readonly entries: readonly CatalogEntry[];
  /** By id; the same array until one is added or dropped. */
  readonly tombstones: readonly Tombstone[];
}

/** Reads the lists of segments and tombstones, again only after somebody changed them. */
export class CatalogReader {
  readonly #version: SqlStatement<{ data_version: number }>;
  readonly #list: SqlStatement<CatalogEntry>;
  readonly #deleted: SqlStatement<Tombstone>;
  #known: CatalogLists = { entries: [], tombstones: [] };
  #knownVersion: number | undefined;

  constructor(db: SqlDatabase) {
    this.#version = db.prepare("PRAGMA data_version");
    this.#list = db.prepare(`SELECT ${COLUMNS} FROM segment ORDER BY position, id`);
    this.#deleted = db.prepare(`SELECT ${TOMBSTONE_COLUMNS} FROM tombstone ORDER BY id`);
  }

  /** The same object until something changes. Throws SqlError. */
  lists(): CatalogLists {
    const version = this.#version.get()?.data_version;
    if (this.#knownVersion !== undefined && version === this.#knownVersion) return this.#known;
    // Tombstones first: a sealing between the two reads only makes some of them needless.
    const tombstones = this.#deleted.all();
    const same = tombstones.length === 0 && this.#known.tombstones.length === 0;
    this.#known = { tombstones: same ? this.#known.tombstones : tombstones, entries: this.#list.all() };
    this.#knownVersion = version;
    return this.#known;
  }
}

/** The writer's list of segments; every change is committed when the method returns. Throws SqlError. */
export class Catalog {
  /** What the folder's format was before it was opened here; undefined where it is new, or was of this format. */
  readonly raisedFrom: number | undefined;
  readonly #db: SqlDatabase;
  readonly #entries = new Map<SegmentId, CatalogEntry>();
  readonly #deletions: TombstoneTable;
  #tombstones: readonly Tombstone[] = [];
  #nextSegment = 1;

  /**
   * `folder` is only for messages. Throws PermanentError `data_format_unknown` for a folder written by a newer version,
   * in which nothing was changed then, and SqlError `corrupt` where a row is not what was written.
   */
  constructor(db: SqlDatabase, folder: string) {
    this.#db = db;
    const format = storedFormat(db);
    checkFormat(`the data folder ${folder}`, format);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    // At once: tables without a number are taken for damage by the next start.
    db.transaction(() => {
      db.exec(CATALOG_SCHEMA);
      if (format !== FORMAT_VERSION) writeMeta(db, "format_version", String(FORMAT_VERSION));
    });
    if (format !== FORMAT_VERSION) this.raisedFrom = format;
    this.#addColumns();
    for (const { crc, ...entry } of db.prepare<StoredEntry>(`SELECT ${COLUMNS}, crc AS crc FROM segment`).all()) {
      if (crc !== null && crc !== entryCrc(entry)) throw damaged(db, `the row of segment ${entry.id}`);
      this.#entries.set(entry.id, entry);
      if (crc === null) this.save(entry);
    }
    this.#deletions = new TombstoneTable(db);
    const [problem] = this.#loadTombstones();
    if (problem !== undefined) throw new SqlError("corrupt", "SPANLOOM_CHECKSUM", db.path, problem);
    this.#deletions.adopt();
    const next = Number(readMeta(db, "next_segment") ?? 1);
    if (!Number.isSafeInteger(next)) throw damaged(db, "next_segment");
    this.#nextSegment = Math.max(next, this.#nextSegment);
    for (const id of this.#entries.keys()) this.#nextSegment = Math.max(this.#nextSegment, id + 1);
  }

  /** Oldest first. */
  entries(): readonly CatalogEntry[] {
    return [...this.#entries.values()].sort((a, b) => a.position - b.position || a.id - b.id);
  }

  /** By id; the same array until something changes. */
  tombstones(): readonly Tombstone[] {
    return this.#tombstones;
  }

  /** Deletes traces, given as 16 bytes each, from rows up to sequence `through`. */
  addTombstones(traceIds: readonly Uint8Array[], through: number, nowMs: number): void {
    let last = this.#deletions.lastId();
    // A catalog that was made anew does not know which ids the segments have applied.
    for (const { tombstones } of this.#entries.values()) last = Math.max(last, tombstones);
    this.#deletions.add(traceIds, through, last + 1, nowMs);
    this.#loadTombstones();
  }

  /** Takes tombstones over from another catalog, with their ids. */
  restoreTombstones(tombstones: readonly Tombstone[], nowMs: number): void {
    this.#deletions.put(tombstones, nowMs);
    this.#loadTombstones();
  }

  /** Forgets tombstones that no segment needs any more: those up to `id`. */
  dropTombstones(id: number): void {
    if (!this.#tombstones.some((tombstone) => tombstone.id <= id)) return;
    this.#deletions.drop(id);
    this.#loadTombstones();
  }

  /** In one transaction `entry` is there and takes the place of `replaced`, which goes to state `removing`. */
  replace(entry: CatalogEntry, replaced: CatalogEntry): void {
    const gone: CatalogEntry = { ...replaced, state: "removing" };
    this.#db.transaction(() => {
      if (entry.id >= this.#nextSegment) writeMeta(this.#db, "next_segment", String(entry.id + 1));
      this.#write(entry);
      this.#write(gone);
    });
    this.#nextSegment = Math.max(this.#nextSegment, entry.id + 1);
    this.#entries.set(entry.id, entry);
    this.#entries.set(gone.id, gone);
  }

  /** An id that no segment ever had. */
  reserve(): number {
    const id = this.#nextSegment;
    writeMeta(this.#db, "next_segment", String(id + 1));
    this.#nextSegment = id + 1;
    return id;
  }

  /** Writes an entry, new or known. */
  save(entry: CatalogEntry): void {
    this.#db.transaction(() => {
      if (entry.id >= this.#nextSegment) writeMeta(this.#db, "next_segment", String(entry.id + 1));
      this.#write(entry);
    });
    this.#nextSegment = Math.max(this.#nextSegment, entry.id + 1);
    this.#entries.set(entry.id, entry);
  }

  setState(ids: readonly SegmentId[], state: SegmentState): void {
    const changed = ids.flatMap((id) => {
      const entry = this.#entries.get(id);
      return entry === undefined ? [] : [{ ...entry, state }];
    });
    this.#db.transaction(() => {
      for (const entry of changed) this.#write(entry);
    });
    for (const entry of changed) this.#entries.set(entry.id, entry);
  }

  remove(ids: readonly SegmentId[]): void {
    const statement = this.#db.prepare("DELETE FROM segment WHERE id = ?");
    this.#db.transaction(() => {
      for (const id of ids) statement.run(id);
    });
    for (const id of ids) this.#entries.delete(id);
  }

  close(): void {
    this.#db.close();
  }

  #write(entry: CatalogEntry): void {
    this.#db
      .prepare(
        `INSERT OR REPLACE INTO segment (id, state, created_ms, rows, spans, bytes, min_received_ms,
           max_received_ms, last_sequence, spans_through, position, sealed, tombstones, crc)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        entry.id,
        entry.state,
        entry.createdMs,
        entry.rows,
        entry.spans,
        entry.bytes,
        entry.minReceivedMs,
        entry.maxReceivedMs,
        entry.lastSequence,
        entry.spansThrough,
        entry.position,
        entry.sealed,
        entry.tombstones,
        entryCrc(entry),
      );
  }

  #loadTombstones(): readonly string[] {
    const { tombstones, problems } = readTombstones(this.#db);
    this.#tombstones = tombstones;
    return problems;
  }

  #addColumns(): void {
    const known = new Set(
      ["segment", "tombstone"].flatMap((table) =>
        this.#db
          .prepare<{ name: string }>(`PRAGMA table_info(${table})`)
          .all()
          // As SQLite compares them.
          .map(({ name }) => `${table}.${name.toLowerCase()}`),
      ),
    );
    const missing = CATALOG_ADDITIONS.filter(({ column }) => !known.has(column));
    if (missing.length === 0) return;
    this.#db.transaction(() => {
      for (const { sql } of missing) this.#db.exec(sql);
    });
  }
}

export function emptyEntry(
  id: SegmentId,
  state: SegmentState,
  createdMs: number,
  lastSequence: number,
  spansThrough: number,
): CatalogEntry {
  return {
    id,
    state,
    createdMs,
    rows: 0,
    spans: 0,
    bytes: 0,
    minReceivedMs: null,
    maxReceivedMs: null,
    lastSequence,
    spansThrough,
    // A segment that is not sealed lies where it was begun.
    position: Number(id),
    sealed: 0,
    tombstones: 0,
  };
}

/** What the rows of a catalog hold that was not written, one sentence each. Throws SqlError. */
export function catalogProblems(db: SqlDatabase): readonly string[] {
  const entries = db.prepare<StoredEntry>(`SELECT ${COLUMNS}, crc AS crc FROM segment`).all();
  return [
    ...[formatProblem(db)].filter((problem) => problem !== undefined),
    ...entries.flatMap(({ crc, ...entry }) =>
      crc === null || crc === entryCrc(entry) ? [] : `the row of segment ${entry.id} is not what was written`,
    ),
    ...readTombstones(db).problems,
  ];
}

function entryCrc(entry: CatalogEntry): number {
  const { id, state, createdMs, rows, spans, bytes, minReceivedMs, maxReceivedMs } = entry;
  const { lastSequence, spansThrough, position, sealed, tombstones } = entry;
  return valuesCrc([
    ...[id, state, createdMs, rows, spans, bytes, minReceivedMs, maxReceivedMs],
    ...[lastSequence, spansThrough, position, sealed, tombstones],
  ]);
}

function damaged(db: SqlDatabase, what: string): SqlError {
  return new SqlError("corrupt", "SPANLOOM_CHECKSUM", db.path, `${what} is not what was written`);
}
