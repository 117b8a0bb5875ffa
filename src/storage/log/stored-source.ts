import { join } from "node:path";
import { partialColumns } from "../../codec/otlp/cut/cut-columns.ts";
import type { StoreStats } from "../../component/read.ts";
import { BoundedMap } from "../../model/collections/bounded-map.ts";
import type { SegmentId } from "../../model/log.ts";
import type { SpanColumns } from "../../model/span-columns.ts";
import { decodeBlockIndex, encodeBlockIndex } from "../block/block-index.ts";
import { inflateBody } from "../block/body-codec.ts";
import type { SegmentOperation } from "../block/operation-shares.ts";
import type { RecentBodies } from "../block/recent-bodies.ts";
import { checkFormat, storedFormat } from "../folder/data-format.ts";
import { mayExist } from "../folder/file-identity.ts";
import { CATALOG_FILE, CONSUMERS_FILE, SEGMENTS_FOLDER, segmentFileName } from "../folder/layout.ts";
import { databaseBytes } from "../folder/segment-files.ts";
import { type SqlDatabase, type SqlDriver, SqlError } from "../sqlite/driver.ts";
import { type CatalogEntry, type CatalogLists, CatalogReader } from "./catalog.ts";
import { segmentFormat } from "./segment.ts";
import { CLOCK_SLACK_MS } from "./segment-ages.ts";
import { isDamage, isUnreadable } from "./segment-damage.ts";
import { DamagedError, type SegmentEnd, SegmentReader } from "./segment-reader.ts";
import type { SegmentSet } from "./segment-set.ts";
import type { BlockHead, LogPosition, LogSource, MissedReads, ReceivedRange, SegmentInfo } from "./segment-source.ts";
import { type Tombstone, TombstoneSet } from "./tombstones.ts";

/** Where a source finds databases: files of its own connections, or the writer's in memory. */
export interface SegmentAccess {
  lists(): CatalogLists;
  /** A connection on a segment; undefined where it is gone. Throws SqlError. */
  connect(id: SegmentId): SqlDatabase | undefined;
  /** Gives a connection back. */
  disconnect(db: SqlDatabase): void;
  bytes(id: SegmentId): number;
  aggregates(): SqlDatabase;
  close(): void;
}

export interface FileAccess extends SegmentAccess {
  /** Number of the folder's format. */
  format(): number | undefined;
}

/**
 * Read-only connections on the files of a data folder that a writer has prepared. Throws SqlError, and PermanentError
 * `data_format_unknown`; nothing stays open then.
 */
export function fileAccess(driver: SqlDriver, folder: string): FileAccess {
  const catalog = driver.open(join(folder, CATALOG_FILE), { readOnly: true });
  let reader: CatalogReader;
  try {
    checkFormat(`the data folder ${folder}`, storedFormat(catalog));
    reader = new CatalogReader(catalog);
  } catch (error) {
    catalog.close();
    throw error;
  }
  let aggregates: SqlDatabase | undefined;
  const pathOf = (id: SegmentId) => join(folder, SEGMENTS_FOLDER, segmentFileName(id));
  return {
    format: () => storedFormat(catalog),
    lists: () => reader.lists(),
    connect: (id) =>
      // Where the file system cannot say, SQLite finds out why.
      mayExist(pathOf(id)) ? openSegment(driver, pathOf(id)) : undefined,
    disconnect: (db) => db.close(),
    bytes: (id) => databaseBytes(pathOf(id)),
    aggregates() {
      aggregates ??= driver.open(join(folder, CONSUMERS_FILE), { readOnly: true });
      return aggregates;
    },
    close() {
      aggregates?.close();
      catalog.close();
    },
  };
}

/**
 * What is read of a segment is kept decoded, so its pages are needed once, but for the few that lead to a row: the 16
 * MB that better-sqlite3 allows a connection would be 16 MB a segment, in each thread that reads.
 */
const PAGE_CACHE_KIB = 64;

function openSegment(driver: SqlDriver, path: string): SqlDatabase {
  const db = driver.open(path, { readOnly: true });
  try {
    db.exec(`PRAGMA cache_size = -${PAGE_CACHE_KIB}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The writer's own databases, for the store in memory. `consumers` stays the caller's. */
export function memoryAccess(segments: SegmentSet, consumers: SqlDatabase): SegmentAccess {
  return {
    lists: () => ({ entries: segments.readable(), tombstones: segments.tombstones() }),
    connect: (id) => segments.inMemory(id)?.db,
    disconnect() {},
    bytes: (id) => segments.bytes(id),
    aggregates: () => consumers,
    close() {},
  };
}

/** Most segments kept open by one source. */
const MAX_CONNECTIONS = 64;

interface Connection {
  readonly db: SqlDatabase;
  readonly reader: SegmentReader;
}

/** A segment that failed is tried again after this, ms. */
const RETRY_MS = 500;

/** Why reads of a segment are missed now. */
interface Failure {
  readonly reason: string;
  /** By performance.now(). */
  readonly retryAtMs: number;
}

export interface StoredSourceOptions {
  /** Where bodies that were committed a moment ago are found in memory. */
  readonly recent?: RecentBodies;
  /** Told why reads are missed now, and undefined when all can be read again. */
  readonly onTrouble?: (reason: string | undefined) => void;
}

/** The stored log as readers and consumers see it. One a thread. */
export class StoredSource implements LogSource {
  readonly #access: SegmentAccess;
  readonly #onDamaged: (segment: SegmentId, reason: string) => void;
  readonly #onTrouble: (reason: string | undefined) => void;
  /** In order of use, latest last. */
  readonly #connections = new BoundedMap<SegmentId, Connection>(MAX_CONNECTIONS, ({ db }) =>
    this.#access.disconnect(db),
  );
  /** Released: never opened again. */
  readonly #gone = new Set<SegmentId>();
  readonly #failures = new Map<SegmentId, Failure>();
  #missed: MissedReads = { count: 0, reason: "" };
  #retry: NodeJS.Timeout | undefined;
  /** The lists as they were read last, and why they could not be read since. */
  #listed: CatalogLists | undefined;
  #listFailure: string | undefined;
  #lastEnd: LogPosition | undefined;
  #told: string | undefined;
  readonly #removalObservers: ((segments: readonly SegmentId[]) => void)[] = [];
  readonly #deletionObservers: (() => void)[] = [];
  readonly #recent: RecentBodies | undefined;
  #tombstones: { readonly of: readonly Tombstone[]; readonly set: TombstoneSet } | undefined;

  /** `onDamaged` is told of a segment in which damage was met, each time that it is met: it may be the disk's. */
  constructor(
    access: SegmentAccess,
    onDamaged: (segment: SegmentId, reason: string) => void,
    { recent, onTrouble = () => {} }: StoredSourceOptions = {},
  ) {
    this.#access = access;
    this.#onDamaged = onDamaged;
    this.#onTrouble = onTrouble;
    this.#recent = recent;
  }

  segments(): readonly SegmentInfo[] {
    return this.#entries().map(({ id, position, state }) => ({
      id,
      position,
      status: state === "open" ? "open" : "closed",
    }));
  }

  blocksAfter(segment: SegmentId, block: number, limit: number): readonly BlockHead[] {
    const filter = this.#filter(segment);
    const heads = this.#read(segment, (reader) => reader.blocksAfter(block, limit)) ?? [];
    return filter === undefined ? heads : heads.map((head) => withoutDeleted(head, filter));
  }

  body(segment: SegmentId, block: number): Uint8Array | undefined {
    return this.#recentBody(segment, block) ?? this.#read(segment, (reader) => reader.body(block));
  }

  rowsLeft(segment: SegmentId, sequence: number, columns: SpanColumns): readonly number[] | undefined {
    const filter = this.#filter(segment);
    return filter?.set.rowsLeft(columns, sequence, filter.applied);
  }

  async inflate(segment: SegmentId, block: number): Promise<Uint8Array | undefined> {
    const recent = this.#recentBody(segment, block);
    if (recent !== undefined) return recent;
    const packed = this.#read(segment, (reader) => reader.brotliBody(block));
    if (packed === undefined) return this.body(segment, block);
    // What cannot be inflated is met again there, and reported as damage.
    return inflateBody(packed.bytes, packed.rawLength).catch(() => this.body(segment, block));
  }

  operations(segment: SegmentId): { readonly operations: readonly SegmentOperation[]; readonly complete: boolean } {
    return this.#read(segment, (reader) => reader.operations()) ?? { operations: [], complete: true };
  }

  operationCount(segment: SegmentId): number {
    return this.#read(segment, (reader) => reader.operationCount()) ?? 0;
  }

  visibleSequence(): number {
    return this.end().sequence;
  }

  missed(): MissedReads {
    return this.#missed;
  }

  isUnreadable(segment: SegmentId): boolean {
    return this.#failures.has(segment);
  }

  /**
   * The last committed row, its sequence and the number of spans ever stored, the end before the first row of a segment
   * that has none; zeros in an empty log. While it cannot be read what was known last. Throws SqlError `unreadable`
   * where nothing is.
   */
  end(): LogPosition {
    const newest = this.#entries().at(-1);
    if (newest === undefined) return { segment: 0, block: 0, sequence: 0, spansThrough: 0 };
    const end = this.#read(newest.id, (reader) => reader.end());
    const { position, lastSequence, spansThrough, state, rows } = newest;
    if (end !== undefined) this.#lastEnd = { segment: position, ...end };
    else if (state === "closed" || !this.#failures.has(newest.id)) {
      // What the catalog says of a closed segment holds, and an open one without rows begins where that says.
      this.#lastEnd = { segment: position, block: state === "closed" ? rows : 0, sequence: lastSequence, spansThrough };
    } else if (this.#lastEnd === undefined) {
      throw new SqlError("unreadable", "SPANLOOM_UNREADABLE", `segment ${newest.id}`, this.#missed.reason);
    }
    return this.#lastEnd as LogPosition;
  }

  /** Where the rows of a segment end; undefined where it has none or is gone. */
  endOf(segment: SegmentId): SegmentEnd | undefined {
    return this.#read(segment, (reader) => reader.end());
  }

  stats(): StoreStats {
    let spans = 0;
    let batches = 0;
    let diskBytes = 0;
    let oldestMs: number | undefined;
    const entries = this.#entries();
    for (const entry of entries) {
      const closed = entry.state === "closed";
      const end = closed ? undefined : this.#read(entry.id, (reader) => reader.end());
      spans += entry.spans + (end === undefined ? 0 : end.spansThrough - entry.spansThrough);
      batches += end?.block ?? entry.rows;
      diskBytes += closed ? entry.bytes : this.#access.bytes(entry.id);
      const first = entry.minReceivedMs ?? this.#read(entry.id, (reader) => reader.firstReceivedAtMs());
      if (first !== undefined) oldestMs = Math.min(oldestMs ?? first, first);
    }
    return { spans, batches, segments: entries.length, diskBytes, oldestMs };
  }

  /** Over all segments, not only the first and the last: a clock that was set back leaves them in no order. */
  receivedRange(): ReceivedRange | undefined {
    const entries = this.#entries();
    if (entries.length === 0) return undefined;
    let oldestMs = Number.POSITIVE_INFINITY;
    let newestMs = Number.NEGATIVE_INFINITY;
    for (const { id, state, createdMs, minReceivedMs, maxReceivedMs } of entries) {
      const first = minReceivedMs ?? this.#read(id, (reader) => reader.firstReceivedAtMs());
      if (first !== undefined) oldestMs = Math.min(oldestMs, first);
      // Of an open one the catalog knows what it held when it was opened last.
      const end = state === "open" ? this.endOf(id)?.receivedAtMs : undefined;
      newestMs = Math.max(newestMs, maxReceivedMs ?? createdMs, end ?? createdMs);
    }
    return { oldestMs: oldestMs - CLOCK_SLACK_MS, newestMs: newestMs + CLOCK_SLACK_MS };
  }

  receivedIn(segment: SegmentId): { readonly throughMs: number | undefined; readonly isSealed: boolean } {
    const entry = this.#entries().find(({ id }) => id === segment);
    // Of an open one the catalog knows what it held when it was opened last.
    const throughMs = entry?.state === "closed" ? (entry.maxReceivedMs ?? undefined) : undefined;
    return { throughMs, isSealed: entry?.sealed === 1 };
  }

  aggregates(): SqlDatabase {
    return this.#access.aggregates();
  }

  onRemoved(observer: (segments: readonly SegmentId[]) => void): void {
    this.#removalObservers.push(observer);
  }

  onDeleted(observer: () => void): void {
    this.#deletionObservers.push(observer);
  }

  /** Looks for deletions now rather than with the next row that is read. */
  checkDeletions(): void {
    this.#filter(0);
  }

  /** Closes connections on segments that are to be unlinked, and lets everybody drop what was cached of them. */
  release(segments: readonly SegmentId[]): void {
    for (const segment of segments) {
      this.#gone.add(segment);
      this.#failures.delete(segment);
      this.#disconnect(segment);
    }
    for (const listener of this.#removalObservers) listener(segments);
  }

  close(): void {
    clearTimeout(this.#retry);
    for (const segment of [...this.#connections.keys()]) this.#disconnect(segment);
    this.#access.close();
  }

  #entries(): readonly CatalogEntry[] {
    return this.#lists().entries.filter(
      ({ id, state }) => (state === "open" || state === "closed") && !this.#gone.has(id),
    );
  }

  /** As they were read last where the disk does not give them now. */
  #lists(): CatalogLists {
    try {
      this.#listed = this.#access.lists();
      if (this.#listFailure !== undefined) {
        this.#listFailure = undefined;
        this.#tellTrouble();
      }
      return this.#listed;
    } catch (error) {
      if (!isUnreadable(error) || this.#listed === undefined) throw error;
      this.#listFailure = `the list of segments cannot be read: ${error.message}`;
      this.#miss(this.#listFailure);
      this.#tellTrouble();
      return this.#listed;
    }
  }

  /** Tombstones that were not yet applied to the segment; undefined where there are none. */
  #filter(segment: SegmentId): DeletionFilter | undefined {
    const { entries, tombstones: list } = this.#lists();
    if (list.length === 0) return undefined;
    if (this.#tombstones?.of !== list) {
      this.#tombstones = { of: list, set: new TombstoneSet(list) };
      for (const listener of this.#deletionObservers) listener();
    }
    // A segment that left the catalog is read on by queries that began before.
    const applied = entries.find(({ id }) => id === segment)?.tombstones ?? 0;
    const { set } = this.#tombstones;
    return set.lastId > applied ? { set, applied } : undefined;
  }

  #recentBody(segment: SegmentId, block: number): Uint8Array | undefined {
    return this.#gone.has(segment) ? undefined : this.#recent?.get(segment, block);
  }

  #read<T>(segment: SegmentId, read: (reader: SegmentReader) => T): T | undefined {
    if (this.#gone.has(segment)) return undefined;
    const failure = this.#failures.get(segment);
    if (failure !== undefined && performance.now() < failure.retryAtMs) {
      this.#miss(failure.reason);
      return undefined;
    }
    try {
      const connection = this.#connection(segment);
      if (connection === undefined) {
        if (this.#entries().some(({ id }) => id === segment))
          this.#fail(segment, `the file of segment ${segment} is missing`);
        return undefined;
      }
      const value = read(connection.reader);
      if (failure !== undefined) {
        this.#failures.delete(segment);
        this.#tellTrouble();
      }
      return value;
    } catch (error) {
      const damage = isDamage(error);
      const refused = error instanceof SqlError && error.kind === "cannot_open";
      if (!damage && !refused && !isUnreadable(error)) throw error;
      this.#disconnect(segment);
      this.#fail(segment, error.message);
      if (damage) this.#onDamaged(segment, error.message);
      return undefined;
    }
  }

  /** Reads of the segment are missed until one succeeds; some time later one is tried, whoever asks or not. */
  #fail(segment: SegmentId, reason: string): void {
    this.#failures.set(segment, { reason, retryAtMs: performance.now() + RETRY_MS });
    this.#miss(reason);
    this.#tellTrouble();
    this.#retry ??= setTimeout(() => this.#retryAll(), RETRY_MS + 1).unref();
  }

  #miss(reason: string): void {
    this.#missed = { count: this.#missed.count + 1, reason };
  }

  #retryAll(): void {
    this.#retry = undefined;
    try {
      const listed = new Set(this.#entries().map(({ id }) => id));
      for (const segment of [...this.#failures.keys()]) {
        // One that was put aside or removed meanwhile is missed by nobody.
        if (listed.has(segment)) this.#read(segment, (reader) => reader.end());
        else this.#failures.delete(segment);
      }
    } catch {
      // Whoever reads next meets it too, and is told.
    }
    this.#tellTrouble();
    if (this.#failures.size > 0) this.#retry ??= setTimeout(() => this.#retryAll(), RETRY_MS + 1).unref();
  }

  #tellTrouble(): void {
    const [first] = this.#failures.values();
    const others = this.#failures.size > 1 ? ` (${this.#failures.size} segments)` : "";
    const trouble = this.#listFailure ?? (first === undefined ? undefined : first.reason + others);
    if (trouble === this.#told) return;
    this.#told = trouble;
    this.#onTrouble(trouble);
  }

  #connection(segment: SegmentId): Connection | undefined {
    const known = this.#connections.get(segment);
    if (known !== undefined) return known;
    const db = this.#access.connect(segment);
    if (db === undefined) return undefined;
    try {
      segmentFormat(db);
      const connection = { db, reader: new SegmentReader(db, segment) };
      this.#checkEnd(segment, connection.reader);
      this.#connections.set(segment, connection);
      return connection;
    } catch (error) {
      this.#access.disconnect(db);
      throw error;
    }
  }

  /** A closed segment ends where the catalog says: damage can take rows away without a trace in those that are left. */
  #checkEnd(segment: SegmentId, reader: SegmentReader): void {
    const entry = this.#lists().entries.find(({ id }) => id === segment);
    if (entry?.state !== "closed") return;
    const rows = reader.end()?.block ?? 0;
    if (rows === entry.rows) return;
    throw new DamagedError(`segment ${segment} ends after ${rows} rows where ${entry.rows} were stored`);
  }

  #disconnect(segment: SegmentId): void {
    const connection = this.#connections.get(segment);
    if (connection === undefined) return;
    this.#connections.delete(segment);
    this.#access.disconnect(connection.db);
  }
}

interface DeletionFilter {
  readonly set: TombstoneSet;
  readonly applied: number;
}

/** The head with the deleted spans left out of its index. */
function withoutDeleted(head: BlockHead, { set, applied }: DeletionFilter): BlockHead {
  if (!set.mayTouch(head, applied)) return head;
  const columns = decodeBlockIndex(head.index);
  const rows = set.rowsLeft(columns, head.sequence, applied);
  return rows === undefined ? head : { ...head, index: encodeBlockIndex(partialColumns(columns, rows)) };
}
