import { join } from "node:path";
import type { Logger } from "../../component/logger.ts";
import type { SegmentId } from "../../model/log.ts";
import { messageOf } from "../../model/message-of.ts";
import { checkFormat } from "../folder/data-format.ts";
import { CATALOG_FILE, FORMAT_VERSION } from "../folder/layout.ts";
import { putDatabaseAside, SegmentFiles } from "../folder/segment-files.ts";
import { type SqlDatabase, type SqlDriver, SqlError } from "../sqlite/driver.ts";
import { openTwice } from "../sqlite/open-twice.ts";
import { Catalog, type CatalogEntry, emptyEntry } from "./catalog.ts";
import { SEGMENT_STATE } from "./schema.ts";
import { Segment, UnknownSegmentError } from "./segment.ts";
import { isDamage } from "./segment-damage.ts";
import { openToRead, proveSegment, type SegmentProof } from "./segment-proof.ts";
import { readTombstones, type StoredTombstones } from "./tombstone-table.ts";
import type { Tombstone } from "./tombstones.ts";

export interface SegmentSetOptions {
  readonly driver: SqlDriver;
  /** Data folder; undefined keeps everything in memory. */
  readonly folder: string | undefined;
  readonly synchronous: "full" | "normal";
  readonly logger: Logger;
}

const READABLE: ReadonlySet<string> = new Set([SEGMENT_STATE.open, SEGMENT_STATE.closed]);

/**
 * The writer's segments: their files (or memory databases), the catalog, and what is done about damage. Closed segments
 * in files are not kept open here; those in memory are, for they would be gone.
 */
export class SegmentSet {
  readonly #options: SegmentSetOptions;
  readonly #files: SegmentFiles | undefined;
  readonly #catalog: Catalog;
  readonly #memory = new Map<number, Segment>();
  #quarantined = 0;

  /**
   * The folder must exist and be locked. Throws PermanentError, SqlError and file system errors; nothing stays open
   * then.
   */
  constructor(options: SegmentSetOptions) {
    this.#options = options;
    this.#files = options.folder === undefined ? undefined : new SegmentFiles(options.folder);
    this.#catalog = this.#openCatalog();
    const { raisedFrom } = this.#catalog;
    if (raisedFrom !== undefined) {
      options.logger.info("the data folder has a newer format from now on: older versions will refuse it", {
        before: raisedFrom,
        now: FORMAT_VERSION,
      });
    }
    try {
      if (this.#files !== undefined) this.#reconcile(this.#files);
    } catch (error) {
      this.#catalog.close();
      throw error;
    }
  }

  /** Segments that hold or may hold rows, oldest first. */
  readable(): readonly CatalogEntry[] {
    return this.#catalog.entries().filter((entry) => READABLE.has(entry.state));
  }

  entry(id: SegmentId): CatalogEntry | undefined {
    return this.#catalog.entries().find((entry) => entry.id === id);
  }

  /** Greatest sequence and span total that the catalog knows. */
  knownEnd(): { readonly sequence: number; readonly spansThrough: number } {
    let sequence = 0;
    let spansThrough = 0;
    for (const entry of this.#catalog.entries()) {
      sequence = Math.max(sequence, entry.lastSequence);
      spansThrough = Math.max(spansThrough, entry.spansThrough);
    }
    return { sequence, spansThrough };
  }

  /** Segments and catalogs put aside since this was opened. */
  get quarantined(): number {
    return this.#quarantined;
  }

  /** The database of a segment in memory. */
  inMemory(id: SegmentId): Segment | undefined {
    return this.#memory.get(id);
  }

  /** A new segment after the given row. Throws SqlError. */
  create(nowMs: number, sequence: number, spansThrough: number): Segment {
    const id = this.#catalog.reserve();
    // The file comes first: readers take what the catalog lists for complete.
    const segment = this.#open(id, true);
    try {
      const entry = emptyEntry(id, SEGMENT_STATE.open, nowMs, sequence, spansThrough);
      // What was deleted by now cannot be in it.
      this.#catalog.save({ ...entry, tombstones: this.tombstones().at(-1)?.id ?? 0 });
      return segment;
    } catch (error) {
      segment.db.close();
      this.#memory.delete(id);
      throw error;
    }
  }

  /** Opens a segment that is there for appending. Throws SqlError. */
  open(id: SegmentId): Segment {
    return this.#open(id, false);
  }

  /** File of a segment; undefined in memory. */
  path(id: SegmentId): string | undefined {
    return this.#files?.path(id);
  }

  /** Whether the file of a segment is there, as far as the file system can say. Throws its errors. */
  exists(id: SegmentId): boolean {
    return this.#files?.exists(id) ?? this.#memory.has(id);
  }

  /** Looks at a segment in steps, through a connection of its own. */
  *prove(id: SegmentId): Generator<void, SegmentProof> {
    const path = this.#files?.path(id);
    if (path === undefined) return { type: "sound" };
    const entry = this.entry(id);
    const closed = entry?.state === SEGMENT_STATE.closed;
    return yield* proveSegment(
      () => (closed ? openToRead(this.#options.driver, path, id) : this.open(id)),
      id,
      closed ? entry.rows : undefined,
    );
  }

  #open(id: SegmentId, create: boolean): Segment {
    const path = this.#files?.path(id) ?? ":memory:";
    const { driver, synchronous } = this.#options;
    const segment = Segment.open(driver, { id, path, synchronous, create: create || this.#files === undefined });
    if (this.#files === undefined) this.#memory.set(id, segment);
    return segment;
  }

  save(entry: CatalogEntry): void {
    this.#catalog.save(entry);
  }

  /** An id for a segment to be made. */
  reserve(): number {
    return this.#catalog.reserve();
  }

  /** The file `entry.id` is there, whole and on the disk: it takes the place of `replaced`, at once and for good. */
  replace(entry: CatalogEntry, replaced: CatalogEntry): void {
    this.#catalog.replace(entry, replaced);
  }

  /** Removes the file of a segment that never came to be, whole or not. */
  discard(id: SegmentId): void {
    this.#files?.remove(id);
    this.#files?.removeUnfinished(id);
  }

  /** Deleted traces of which some segment may still hold spans. */
  tombstones(): readonly Tombstone[] {
    return this.#catalog.tombstones();
  }

  /** Deletes traces, 16 bytes each, from rows up to sequence `through`. */
  addTombstones(traceIds: readonly Uint8Array[], through: number, nowMs: number): void {
    this.#catalog.addTombstones(traceIds, through, nowMs);
  }

  /** Forgets the tombstones that were applied to every segment. */
  dropTombstones(): void {
    const entries = this.readable();
    // An open segment that began after the deletion has nothing of the trace.
    const needed = this.tombstones().find(({ id, through }) =>
      entries.some((entry) => entry.tombstones < id && !(entry.state === "open" && entry.lastSequence >= through)),
    );
    this.#catalog.dropTombstones(needed === undefined ? Number.MAX_SAFE_INTEGER : needed.id - 1);
  }

  bytes(id: SegmentId): number {
    if (this.#files !== undefined) return this.#files.bytes(id);
    const db = this.#memory.get(id)?.db;
    const pages = db?.prepare<{ page_count: number }>("PRAGMA page_count").get()?.page_count ?? 0;
    const size = db?.prepare<{ page_size: number }>("PRAGMA page_size").get()?.page_size ?? 0;
    return pages * size;
  }

  /** First half of a removal: nobody opens these segments any more. */
  markRemoving(ids: readonly SegmentId[]): void {
    this.#catalog.setState(ids, SEGMENT_STATE.removing);
  }

  /** Second half: nobody has them open. */
  remove(ids: readonly SegmentId[]): void {
    if (ids.length === 0) return;
    for (const id of ids) {
      this.#files?.remove(id);
      this.#memory.get(id)?.db.close();
      this.#memory.delete(id);
    }
    // A file that a power cut brings back must find its row: one without a row is taken into the catalog.
    this.#files?.sync();
    this.#catalog.remove(ids);
  }

  /** First half of putting a segment aside. */
  markDamaged(id: SegmentId, reason: string): void {
    this.#catalog.setState([id], SEGMENT_STATE.damaged);
    this.#quarantined++;
    this.#options.logger.error("a damaged segment is put aside; its spans can no longer be read", {
      segment: id,
      file: this.#files?.path(id),
      reason,
    });
  }

  /** Second half: nobody has it open. */
  putAside(id: SegmentId): void {
    this.#files?.putAside(id);
  }

  close(): void {
    for (const segment of this.#memory.values()) segment.db.close();
    this.#memory.clear();
    this.#catalog.close();
  }

  #openCatalog(): Catalog {
    const { driver, folder, logger } = this.#options;
    if (folder === undefined) return new Catalog(driver.open(":memory:"), "");
    const path = join(folder, CATALOG_FILE);
    try {
      return openTwice(() => openCatalog(driver, path, folder));
    } catch (error) {
      if (!(error instanceof SqlError) || error.kind !== "corrupt") throw error;
      logger.error("the catalog is damaged; it is put aside and rebuilt from the segments", { reason: error.message });
      this.#quarantined++;
      const { tombstones, problems } = tombstonesOf(driver, path);
      for (const problem of problems) {
        logger.error("deletions are damaged: what was deleted and not yet compacted may show again, delete it anew", {
          reason: problem,
        });
      }
      putDatabaseAside(path);
      const catalog = openCatalog(driver, path, folder);
      catalog.restoreTombstones(tombstones, Date.now());
      return catalog;
    }
  }

  /** Makes the catalog and the files agree after a crash, a damaged catalog, or somebody's removal of files. */
  #reconcile(files: SegmentFiles): void {
    files.removeUnfinished();
    const known = new Set(this.#catalog.entries().map(({ id }) => id));
    const removing = this.#catalog.entries().filter((entry) => entry.state === SEGMENT_STATE.removing);
    this.remove(removing.map((entry) => entry.id));
    for (const entry of this.readable()) {
      if (!files.exists(entry.id)) this.markDamaged(entry.id, "the file is missing");
    }
    for (const id of files.ids()) {
      const state = this.entry(id)?.state;
      if (state === SEGMENT_STATE.damaged) files.putAside(id);
      else if (state === undefined) this.#adopt(id, known, files);
    }
  }

  /**
   * Takes a segment file that the catalog does not know into it, removes it when empty, or puts it aside. A sealed one
   * whose original the catalog has known all along was about to take its place when the process ended: it is made
   * again. When the catalog was lost, the sealed one is taken, for it has deletions applied.
   */
  #adopt(id: SegmentId, known: ReadonlySet<number>, files: SegmentFiles): void {
    const unknown = emptyEntry(id, SEGMENT_STATE.closed, Date.now(), 0, 0);
    try {
      const segment = this.open(id);
      let entry: CatalogEntry;
      try {
        entry = closedEntry(unknown, segment);
      } finally {
        segment.close();
      }
      const rivals = this.readable().filter(({ position }) => position === entry.position);
      if (entry.rows === 0 || rivals.some((rival) => known.has(rival.id))) {
        files.remove(id);
        return;
      }
      this.#catalog.save({ ...entry, bytes: this.bytes(id) });
      this.remove(rivals.map((rival) => rival.id));
    } catch (error) {
      // The catalog that said it is lost: a newer version wrote the folder.
      if (error instanceof UnknownSegmentError) checkFormat(error.path, error.format);
      if (!isDamage(error)) throw error;
      if (finished(this.prove(id)).type !== "damaged") throw error;
      this.#catalog.save(unknown);
      this.markDamaged(id, error.message);
      this.putAside(id);
    }
  }
}

/** All steps at once. */
export function finished(proof: Generator<void, SegmentProof>): SegmentProof {
  for (;;) {
    const step = proof.next();
    if (step.done === true) return step.value;
  }
}

/** The catalog entry of a segment as it is now, closed. */
export function closedEntry(entry: CatalogEntry, segment: Segment): CatalogEntry {
  const end = segment.reader.end();
  const state = SEGMENT_STATE.closed;
  if (end === undefined) return { ...entry, state };
  const [first] = segment.reader.blocksAfter(0, 1);
  const before = first === undefined ? end.spansThrough : first.spansThrough - first.spans;
  const position = segment.reader.meta("sealed");
  return {
    ...entry,
    ...(position === undefined ? {} : { position: Number(position), sealed: 1 }),
    tombstones: Number(segment.reader.meta("tombstones") ?? entry.tombstones),
    state,
    rows: end.block,
    spans: end.spansThrough - before,
    minReceivedMs: first?.receivedAtMs ?? end.receivedAtMs,
    maxReceivedMs: segment.reader.lastReceivedAtMs(),
    lastSequence: end.sequence,
    spansThrough: end.spansThrough,
  };
}

/** What was deleted is to stay deleted when the catalog is damaged. */
function tombstonesOf(driver: SqlDriver, path: string): StoredTombstones {
  let db: SqlDatabase | undefined;
  try {
    db = driver.open(path);
    return readTombstones(db);
  } catch (error) {
    const reason = messageOf(error);
    return { tombstones: [], problems: [`they cannot be read: ${reason}`] };
  } finally {
    db?.close();
  }
}

function openCatalog(driver: SqlDriver, path: string, folder: string): Catalog {
  const db = driver.open(path);
  try {
    return new Catalog(db, folder);
  } catch (error) {
    db.close();
    throw error;
  }
}
