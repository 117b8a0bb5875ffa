import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SegmentId } from "../../model/log.ts";
import { CONSUMERS_FILE, SEGMENTS_FOLDER, segmentFileName } from "../folder/layout.ts";
import { segmentIds } from "../folder/segment-files.ts";
import { openToRead } from "../log/segment-proof.ts";
import type { LogPosition } from "../log/segment-source.ts";
import { type SqlDriver, SqlError } from "../sqlite/driver.ts";
import type { FileProblem } from "./database-check.ts";

/** A segment file that the list of segments does not name. */
export interface UnlistedSegment {
  readonly id: SegmentId;
  readonly rows: number;
  readonly spans: number;
}

/** A running collector makes the file of a segment some moments before it lists it, ms. */
const SETTLE_MS = 3_000;
const LOOK_EVERY_MS = 100;

/**
 * Segments with rows that are in the folder and that `listed` does not name, also when it is asked again a while later:
 * the list has lost its end, as a damaged write-ahead log does without a trace. Files that cannot be read are left out.
 */
export async function unlistedSegments(
  driver: SqlDriver,
  folder: string,
  listed: () => ReadonlySet<SegmentId>,
): Promise<readonly UnlistedSegment[]> {
  const look = () => {
    const known = listed();
    return segmentIds(folder).filter((id) => !known.has(id));
  };
  let unlisted = look();
  for (let waited = 0; unlisted.length > 0 && waited < SETTLE_MS; waited += LOOK_EVERY_MS) {
    await sleep(LOOK_EVERY_MS);
    const still = new Set(look());
    unlisted = unlisted.filter((id) => still.has(id));
  }
  return unlisted.flatMap((id) => contentsOf(driver, folder, id) ?? []);
}

function contentsOf(driver: SqlDriver, folder: string, id: SegmentId): UnlistedSegment | undefined {
  try {
    const { db, reader } = openToRead(driver, join(folder, SEGMENTS_FOLDER, segmentFileName(id)), id);
    try {
      const end = reader.end();
      const [first] = reader.blocksAfter(0, 1);
      if (end === undefined || first === undefined) return undefined;
      return { id, rows: end.block, spans: end.spansThrough - (first.spansThrough - first.spans) };
    } finally {
      db.close();
    }
  } catch (error) {
    // An empty file was being made when a process ended.
    if (error instanceof SqlError) return undefined;
    throw error;
  }
}

/** One sentence of each. */
export function unlistedProblem({ id, rows, spans }: UnlistedSegment): string {
  return `${spans} spans in ${rows} rows of ${segmentFileName(id)} are not in the list of segments (catalog.db), which has lost its end: the next start takes them in again`;
}

/**
 * What consumers of the log have read and the log does not hold any more at its end: spans that were acknowledged are
 * missing. Nothing is known of that where `end` cannot be read, and cursors that are damaged are reported by others.
 * Throws SqlError but for that.
 */
export function cursorProblems(driver: SqlDriver, folder: string, end: () => LogPosition): readonly FileProblem[] {
  const cursors = cursorsIn(driver, folder);
  let last: LogPosition;
  try {
    // After the cursors: the log only grows.
    last = end();
  } catch (error) {
    if (error instanceof SqlError) return [];
    throw error;
  }
  return cursors
    .filter(({ sequence }) => sequence > last.sequence)
    .map(({ name, sequence, spansThrough }) => ({
      file: CONSUMERS_FILE,
      reason: `${name} has read row ${sequence} of the log, which ends at row ${last.sequence}: the newest ${Math.max(1, spansThrough - last.spansThrough)} spans are missing`,
    }));
}

function cursorsIn(driver: SqlDriver, folder: string) {
  const path = join(folder, CONSUMERS_FILE);
  if (!existsSync(path)) return [];
  try {
    const db = driver.open(path, { readOnly: true });
    try {
      return db
        .prepare<{ name: string; sequence: number; spansThrough: number }>(
          "SELECT name AS name, sequence AS sequence, spans_through AS spansThrough FROM consumer ORDER BY name",
        )
        .all();
    } finally {
      db.close();
    }
  } catch (error) {
    if (error instanceof SqlError && error.kind === "corrupt") return [];
    throw error;
  }
}
