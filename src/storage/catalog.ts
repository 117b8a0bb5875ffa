import { PermanentError } from "../component/errors.ts";
import type { SqlDatabase, SqlStatement } from "./driver.ts";
import { CATALOG_SCHEMA, FORMAT_VERSION, type SegmentState } from "./segment-schema.ts";

export interface CatalogEntry {
  readonly id: number;
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
}

const COLUMNS = `id, state, created_ms AS createdMs, rows, spans, bytes, min_received_ms AS minReceivedMs,
  max_received_ms AS maxReceivedMs, last_sequence AS lastSequence, spans_through AS spansThrough`;

/** Reads the list of segments, again only after somebody changed it. */
export class CatalogReader {
  readonly #version: SqlStatement<{ data_version: number }>;
  readonly #list: SqlStatement<CatalogEntry>;
  #known: readonly CatalogEntry[] = [];
  #knownVersion: number | undefined;

  constructor(db: SqlDatabase) {
    this.#version = db.prepare("PRAGMA data_version");
    this.#list = db.prepare(`SELECT ${COLUMNS} FROM segment ORDER BY id`);
  }

  /** All segments, oldest first. */
  entries(): readonly CatalogEntry[] {
    const version = this.#version.get()?.data_version;
    if (this.#knownVersion === undefined || version !== this.#knownVersion) {
      this.#known = this.#list.all();
      this.#knownVersion = version;
    }
    return this.#known;
  }
}

/** The writer's list of segments; every change is committed when the method returns. Throws SqlError. */
export class Catalog {
  readonly #db: SqlDatabase;
  readonly #entries = new Map<number, CatalogEntry>();
  #nextSegment: number;

  /**
   * `folder` is only for messages. Throws PermanentError `data_format_unknown` for a folder written by a newer version.
   */
  constructor(db: SqlDatabase, folder: string) {
    this.#db = db;
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    db.exec(CATALOG_SCHEMA);
    const stored = this.#meta("format_version");
    if (stored === undefined) this.#setMeta("format_version", String(FORMAT_VERSION));
    else if (Number(stored) !== FORMAT_VERSION) throw unknownFormat(folder, stored);
    for (const entry of db.prepare<CatalogEntry>(`SELECT ${COLUMNS} FROM segment ORDER BY id`).all()) {
      this.#entries.set(entry.id, entry);
    }
    this.#nextSegment = Math.max(
      Number(this.#meta("next_segment") ?? 1),
      ...[...this.#entries.keys()].map((id) => id + 1),
    );
  }

  /** Oldest first. */
  entries(): readonly CatalogEntry[] {
    return [...this.#entries.values()].sort((a, b) => a.id - b.id);
  }

  /** An id that no segment ever had. */
  reserve(): number {
    const id = this.#nextSegment;
    this.#setMeta("next_segment", String(id + 1));
    this.#nextSegment = id + 1;
    return id;
  }

  /** Writes an entry, new or known. */
  save(entry: CatalogEntry): void {
    this.#db.transaction(() => {
      if (entry.id >= this.#nextSegment) this.#setMeta("next_segment", String(entry.id + 1));
      this.#write(entry);
    });
    this.#nextSegment = Math.max(this.#nextSegment, entry.id + 1);
    this.#entries.set(entry.id, entry);
  }

  setState(ids: readonly number[], state: SegmentState): void {
    const changed = ids.flatMap((id) => {
      const entry = this.#entries.get(id);
      return entry === undefined ? [] : [{ ...entry, state }];
    });
    this.#db.transaction(() => {
      for (const entry of changed) this.#write(entry);
    });
    for (const entry of changed) this.#entries.set(entry.id, entry);
  }

  remove(ids: readonly number[]): void {
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
           max_received_ms, last_sequence, spans_through) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
      );
  }

  #meta(key: string): string | undefined {
    return this.#db.prepare<{ value: string }>("SELECT value FROM meta WHERE key = ?").get(key)?.value;
  }

  #setMeta(key: string, value: string): void {
    this.#db.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)").run(key, value);
  }
}

export function emptyEntry(
  id: number,
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
  };
}

function unknownFormat(folder: string, stored: string): PermanentError {
  return new PermanentError(
    "data_format_unknown",
    `the data folder ${folder} has format ${stored}, and this version knows format ${FORMAT_VERSION}: ` +
      "run the version that wrote it, or give another folder as storage.path",
  );
}
