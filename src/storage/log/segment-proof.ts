import type { SegmentId } from "../../model/log.ts";
import { type SqlDatabase, type SqlDriver, SqlError } from "../sqlite/driver.ts";
import { segmentFormat } from "./segment.ts";
import { isDamage } from "./segment-damage.ts";
import { DamagedError, SegmentReader } from "./segment-reader.ts";

/** What a second look at a segment found, in which something was met that is not what was written. */
export type SegmentProof =
  /** Every row is as it was written: what was met came from the disk or from memory, and is over. */
  | { readonly type: "sound" }
  | { readonly type: "damaged"; readonly reason: string }
  /** The disk does not give the bytes now, which says nothing of them. */
  | { readonly type: "unreadable"; readonly reason: string };

/** Rows that are looked at in one step. */
const STEP_ROWS = 4;

/**
 * Reads a segment as a whole with its checksums, through a connection of its own, some rows a step. A disk that fails
 * for a while looks like damage to whoever reads meanwhile: only what is met again, from the file as it is now, is a
 * reason to put a segment aside. `rows` is where it has to end; undefined for one that takes appends.
 */
export function* proveSegment(
  open: () => { readonly db: SqlDatabase; readonly reader: SegmentReader },
  id: SegmentId,
  rows: number | undefined,
): Generator<void, SegmentProof> {
  let db: SqlDatabase | undefined;
  try {
    const opened = open();
    db = opened.db;
    const { reader } = opened;
    reader.operations();
    let last = 0;
    for (;;) {
      const heads = reader.blocksAfter(last, STEP_ROWS);
      for (const { block } of heads) reader.body(block);
      last += heads.length;
      if (heads.length < STEP_ROWS) break;
      yield;
    }
    if (rows !== undefined && last !== rows) {
      throw new DamagedError(`segment ${id} ends after ${last} rows where ${rows} were stored`);
    }
    return { type: "sound" };
  } catch (error) {
    if (isDamage(error)) return { type: "damaged", reason: error.message };
    // A segment that is missing, busy or of a newer format is no more damaged than one that cannot be read.
    if (error instanceof SqlError) return { type: "unreadable", reason: error.message };
    throw error;
  } finally {
    db?.close();
  }
}

/** A segment as readers have it. Throws SqlError; nothing stays open then. */
export function openToRead(driver: SqlDriver, path: string, id: SegmentId): { db: SqlDatabase; reader: SegmentReader } {
  const db = driver.open(path, { readOnly: true });
  try {
    segmentFormat(db);
    return { db, reader: new SegmentReader(db, id) };
  } catch (error) {
    db.close();
    throw error;
  }
}
