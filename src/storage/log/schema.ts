import type { OperationLimits } from "../block/operation-shares.ts";

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
 * `format_version` in `meta` of the catalog counts the forms that older versions cannot read: 2 has blooms with a second
 * filter (bloom.ts). What an older number stands for is read as it is. Opening the folder for writing raises the number,
 * before the first row of the new form, so that an older version refuses the folder when it starts; a segment has a number
 * of its own, which is raised with its first such row.
 */
export const FORMAT_VERSION = 2;

export const CATALOG_FILE = "catalog.db";
export const CONSUMERS_FILE = "consumers.db";
export const LOCK_FILE = "lock.db";
export const LOCK_OWNER_FILE = "lock.json";
export const SEGMENTS_FOLDER = "segments";
export const DAMAGED_SUFFIX = ".damaged";
export const SEALING_SUFFIX = ".sealing";

/** Bytes of a database page in segments: blobs of tens of kB spill over fewer pages than with 4 kB. */
export const SEGMENT_PAGE_SIZE = 8192;

/** Most spans and raw bytes of one block; a single larger span makes a block of its own. */
export const MAX_BLOCK_SPANS = 512;
export const MAX_BLOCK_BYTES = 1024 * 1024;

/** `codec` of a block's body. `columnar` is columnar/columnar-body.ts, and its index columnar/columnar-index.ts. */
export const BODY_CODEC = { plain: 0, brotli: 1, columnar: 2 } as const;
export type BodyCodec = (typeof BODY_CODEC)[keyof typeof BODY_CODEC];

/** Greatest INTEGER of SQLite: span times beyond it are stored as this. */
export const MAX_STORED_TIME = 0x7fff_ffff_ffff_ffffn;

/**
 * - `block`: one row of the log. `row` counts from 1 without gaps in a segment, `sequence` over the whole log;
 *   `spans_through` is the number of spans ever stored up to and including this row, so that lags and losses are
 *   differences. `index_blob` is block-index.ts, `bloom` is bloom.ts over attribute and trace id hashes. `head_crc` is
 *   CRC32 over the fixed columns, index and bloom (see segment.ts); `body_crc` over the stored body. The body comes
 *   last, so that reading the others does not touch its pages.
 * - `operation`: every (service, operation, kind) in the segment, unless meta `operations_overflow` is set: then there
 *   were more than OPERATION_LIMITS and the table holds the first ones.
 * - `meta`: `format_version`, `segment`, `operations_overflow`, `operation_count` (the rows of `operation`, where something
 *   may be added to it; not in a segment of an older version); in a sealed segment also `sealed`, the position of the
 *   segment whose place it took, and `tombstones`, the greatest id of those applied. Its rows are grouped by trace; their
 *   sequences lie within those of the rows they were made of, and the last has theirs.
 */
export const SEGMENT_SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS block (
  row INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL,
  spans INTEGER NOT NULL,
  spans_through INTEGER NOT NULL,
  min_start INTEGER NOT NULL,
  max_start INTEGER NOT NULL,
  max_end INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  codec INTEGER NOT NULL,
  raw_length INTEGER NOT NULL,
  head_crc INTEGER NOT NULL,
  body_crc INTEGER NOT NULL,
  index_blob BLOB NOT NULL,
  bloom BLOB NOT NULL,
  body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS operation (
  service TEXT NOT NULL,
  name TEXT NOT NULL,
  kind INTEGER NOT NULL,
  PRIMARY KEY (service, name, kind)
) WITHOUT ROWID;
`;

/** Most rows of `operation` in one segment. */
export const OPERATION_LIMITS: OperationLimits = { all: 50_000, ofService: 5_000 };

/**
 * `segment.state`: `open` takes appends (one at most), `closed` is immutable, `damaged` was put aside, `removing` is no
 * longer read and its files are about to be unlinked. Removed segments have no row; `next_segment` in meta keeps their
 * names from being used again. `rows`, `spans`, `bytes` and the receive
 * times of an open segment are those of its last opening: its own tables know better.
 *
 * `position` is the place in the log: cursors name it. It is the id, but for a sealed segment that of the one it took
 * the place of. `tombstones` is the greatest id of those whose spans are not in the file any more. `crc` is CRC32 over
 * the other columns; NULL in a row that an older version wrote.
 *
 * `tombstone`: a deleted trace. Of rows up to sequence `through` its spans are neither read nor exported, and sealing
 * leaves them out; what arrives later is new. `crc` is as above, and `tombstones_crc` in meta is CRC32 over the checksums
 * of all, so that a row that is lost shows.
 */
export const SEGMENT_STATE = { open: "open", closed: "closed", damaged: "damaged", removing: "removing" } as const;
export type SegmentState = (typeof SEGMENT_STATE)[keyof typeof SEGMENT_STATE];

export const CATALOG_SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS segment (
  id INTEGER PRIMARY KEY,
  state TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  rows INTEGER NOT NULL DEFAULT 0,
  spans INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  min_received_ms INTEGER,
  max_received_ms INTEGER,
  last_sequence INTEGER NOT NULL,
  spans_through INTEGER NOT NULL,
  position INTEGER NOT NULL,
  sealed INTEGER NOT NULL DEFAULT 0,
  tombstones INTEGER NOT NULL DEFAULT 0,
  crc INTEGER
);
CREATE TABLE IF NOT EXISTS tombstone (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  trace_id BLOB NOT NULL,
  through INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  crc INTEGER
);
`;

/** Columns (table.name) that the first folders did not have yet; added where they are missing. */
export const CATALOG_ADDITIONS: readonly { readonly column: string; readonly sql: string }[] = [
  {
    column: "segment.position",
    sql: "ALTER TABLE segment ADD COLUMN position INTEGER NOT NULL DEFAULT 0; UPDATE segment SET position = id",
  },
  { column: "segment.sealed", sql: "ALTER TABLE segment ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0" },
  { column: "segment.tombstones", sql: "ALTER TABLE segment ADD COLUMN tombstones INTEGER NOT NULL DEFAULT 0" },
  { column: "segment.crc", sql: "ALTER TABLE segment ADD COLUMN crc INTEGER" },
  { column: "tombstone.crc", sql: "ALTER TABLE tombstone ADD COLUMN crc INTEGER" },
];

/**
 * Cursors: everything before and including (segment, row) is done. Counters survive restarts. `cursors_crc` in meta is
 * CRC32 over all rows; not there in a folder of an older version.
 */
export const CONSUMERS_SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS consumer (
  name TEXT PRIMARY KEY,
  segment INTEGER NOT NULL,
  row INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  spans_through INTEGER NOT NULL,
  delivered INTEGER NOT NULL DEFAULT 0,
  rejected INTEGER NOT NULL DEFAULT 0,
  lost INTEGER NOT NULL DEFAULT 0,
  retries INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
`;

/** `00000042.db` */
export function segmentFileName(id: number): string {
  return `${String(id).padStart(8, "0")}.db`;
}
