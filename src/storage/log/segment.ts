import type { SegmentId } from "../../model/log.ts";
import type { EncodedBlock } from "../block/block-writer.ts";
import { OperationShares } from "../block/operation-shares.ts";
import { storedFormat } from "../folder/data-format.ts";
import { FORMAT_VERSION } from "../folder/layout.ts";
import { type SqlDatabase, type SqlDriver, SqlError, type SqlStatement } from "../sqlite/driver.ts";
import { BlockTable } from "./block-table.ts";
import { OPERATION_LIMITS, SEGMENT_PAGE_SIZE, SEGMENT_SCHEMA } from "./schema.ts";
import { type SegmentEnd, SegmentReader } from "./segment-reader.ts";

export interface SegmentOptions {
  readonly id: SegmentId;
  /** A file name or `:memory:`. */
  readonly path: string;
  readonly synchronous: "full" | "normal";
  /** Make the file where it is missing. */
  readonly create: boolean;
}

/** A segment of a newer format: a newer version wrote it, whatever number the folder has. It is no damage. */
export class UnknownSegmentError extends SqlError {
  readonly format: number;
  constructor(path: string, format: number) {
    super("other", "SPANLOOM_FORMAT", path, `segment of format ${format}, which a newer version wrote`);
    this.format = format;
  }
}

/**
 * Throws UnknownSegmentError, and SqlError `corrupt` where the segment has no number; its number, undefined for a new
 * one.
 */
export function segmentFormat(db: SqlDatabase): number | undefined {
  const format = storedFormat(db);
  if (format !== undefined && format > FORMAT_VERSION) throw new UnknownSegmentError(db.path, format);
  return format;
}

type BlockOperation = EncodedBlock["operations"][number];

/** The segment that takes appends. Its owner is the only writer. */
export class Segment {
  readonly id: SegmentId;
  readonly path: string;
  readonly reader: SegmentReader;
  readonly db: SqlDatabase;
  readonly #blocks: BlockTable;
  readonly #insertOperation: SqlStatement<unknown>;
  readonly #setMeta: SqlStatement<unknown>;
  readonly #operations = new OperationShares(OPERATION_LIMITS);
  #format: number;
  #overflows: boolean;
  #unlisted = 0;

  /** Opens the segment, or makes it. Throws SqlError; nothing stays open then. */
  static open(driver: SqlDriver, options: SegmentOptions): Segment {
    const db = driver.open(options.path, { create: options.create });
    try {
      return new Segment(db, options);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  private constructor(db: SqlDatabase, options: SegmentOptions) {
    this.id = options.id;
    this.path = options.path;
    this.db = db;
    // Before anything is written: a segment of a newer version stays as it is.
    const format = segmentFormat(db);
    // Checkpoints are run by the log writer between commits, never inside one that a sender waits for.
    db.exec(`
      PRAGMA page_size = ${SEGMENT_PAGE_SIZE};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${options.synchronous === "full" ? "FULL" : "NORMAL"};
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA cache_size = -4096;
    `);
    if (format === undefined) this.#create(db);
    this.#format = format ?? FORMAT_VERSION;
    this.#blocks = new BlockTable(db);
    this.#insertOperation = db.prepare("INSERT OR IGNORE INTO operation VALUES (?, ?, ?)");
    this.#setMeta = db.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)");
    this.reader = new SegmentReader(db, options.id);
    const known = this.reader.operations();
    for (const { service, name, kind } of known.operations) this.#operations.take(service, name, kind);
    this.#overflows = !known.complete;
  }

  /** How often a block held an operation that is not listed, for there are too many, since this was opened. */
  get unlisted(): number {
    return this.#unlisted;
  }

  /**
   * Inserts blocks as the rows after `end`, all or none, and returns where the log ends now. Throws SqlError.
   */
  append(blocks: readonly EncodedBlock[], end: SegmentEnd): SegmentEnd {
    const added: BlockOperation[] = [];
    const [overflowed, unlisted] = [this.#overflows, this.#unlisted];
    try {
      const appended = this.db.transaction(() => {
        let last = end;
        if (this.#format < FORMAT_VERSION) this.#setMeta.run("format_version", String(FORMAT_VERSION));
        for (const block of blocks) {
          last = {
            block: last.block + 1,
            sequence: last.sequence + 1,
            spansThrough: last.spansThrough + block.spans,
            receivedAtMs: block.receivedAtMs,
          };
          this.#insert(block, last);
          this.#addOperations(block, added);
        }
        if (added.length > 0) this.#setMeta.run("operation_count", String(this.#operations.size));
        return last;
      });
      this.#format = FORMAT_VERSION;
      return appended;
    } catch (error) {
      for (const { service, name, kind } of added) this.#operations.giveBack(service, name, kind);
      this.#overflows = overflowed;
      this.#unlisted = unlisted;
      throw error;
    }
  }

  /** Moves what the WAL holds into the file without waiting for readers. */
  checkpoint(): void {
    this.db.prepare("PRAGMA wal_checkpoint(PASSIVE)").all();
  }

  /** Empties the WAL as far as readers allow, and closes. Idempotent. */
  close(): void {
    try {
      this.db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
    } catch {
      // Closed already, or no space: the WAL stays and is applied by the next opening.
    }
    this.db.close();
  }

  #create(db: SqlDatabase): void {
    db.transaction(() => {
      db.exec(SEGMENT_SCHEMA);
      const meta = db.prepare("INSERT INTO meta VALUES (?, ?)");
      meta.run("format_version", String(FORMAT_VERSION));
      meta.run("segment", String(this.id));
    });
  }

  #insert(block: EncodedBlock, at: SegmentEnd): void {
    const numbers = {
      row: at.block,
      sequence: at.sequence,
      spans: block.spans,
      spansThrough: at.spansThrough,
      minStart: block.minStart,
      maxStart: block.maxStart,
      maxEnd: block.maxEnd,
      receivedAtMs: block.receivedAtMs,
      codec: block.body.codec,
      rawLength: block.rawLength,
    };
    this.#blocks.insert(numbers, { index: block.index, bloom: block.bloom, body: block.body.bytes });
  }

  #addOperations(block: EncodedBlock, added: BlockOperation[]): void {
    for (const operation of block.operations) {
      const { service, name, kind } = operation;
      const taken = this.#operations.take(service, name, kind);
      if (taken === "new") {
        added.push(operation);
        this.#insertOperation.run(service, name, kind);
      } else if (taken === "refused") {
        this.#unlisted++;
        if (!this.#overflows) this.#setMeta.run("operations_overflow", "1");
        this.#overflows = true;
      }
    }
  }
}
