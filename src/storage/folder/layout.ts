import type { SegmentId } from "../../model/log.ts";
/**
 * The data folder.
 *
 * ```text
 * lock.db                 an EXCLUSIVE transaction on it is the lock of the folder
 * lock.json               who holds it: pid and start time
 * catalog.db              format version, list of segments
 * consumers.db            cursors of exporters and aggregates, and the state of aggregates
 * segments/00000001.db    one slice of the log; names are never reused
 * segments/00000009.sealing   a slice being sealed; of no meaning until the catalog lists it under its own name
 * segments/00000001.db.damaged   put aside, never opened again
 * ```
 *
 * Times of spans are INTEGER nanoseconds since the epoch, u64 clamped to 2^63 − 1 (April 2262; such spans carry
 * SPAN_MARK.impossibleTime and keep their exact times in the block's index). They exceed 2^53: read them with
 * `bigints: true`. Receive times are ms and safe as numbers.
 *
 * `format_version` in `meta` of the catalog counts the forms that older versions cannot read: 2 has blooms with a
 * second filter (bloom.ts). What an older number stands for is read as it is. Opening the folder for writing raises the
 * number, before the first row of the new form, so that an older version refuses the folder when it starts; a segment
 * has a number of its own, which is raised with its first such row.
 */
export const FORMAT_VERSION = 2;

export const CATALOG_FILE = "catalog.db";
export const CONSUMERS_FILE = "consumers.db";
export const LOCK_FILE = "lock.db";
export const LOCK_OWNER_FILE = "lock.json";
export const SEGMENTS_FOLDER = "segments";
export const DAMAGED_SUFFIX = ".damaged";
export const SEALING_SUFFIX = ".sealing";

/** `00000042.db` */
export function segmentFileName(id: SegmentId): string {
  return `${String(id).padStart(8, "0")}.db`;
}
