import type { OperationLimits } from "../block/operation-shares.ts";

/** Bytes of a database page in segments: blobs of tens of kB spill over fewer pages than with 4 kB. */
export const SEGMENT_PAGE_SIZE = 8192;

/**
 * - `block`: one row of the log. `row` counts from 1 without gaps in a segment, `sequence` over the whole log;
 *   `spans_through` is the number of spans ever stored up to and including this row, so that lags and losses are
 *   differences. `index_blob` is block-index.ts, `bloom` is bloom.ts over attribute and trace id hashes. `head_crc` is
 *   CRC32 over the fixed columns, index and bloom (see segment.ts); `body_crc` over the stored body. The body comes
 *   last, so that reading the others does not touch its pages.
 * - `operation`: every (service, operation, kind) in the segment, unless meta `operations_overflow` is set: then there
 *   were more than OPERATION_LIMITS and the table holds the first ones.
 * - `meta`: `format_version`, `segment`, `operations_overflow`, `operation_count` (the rows of `operation`, where
 *   something may be added to it; not in a segment of an older version); in a sealed segment also `sealed`, the
 *   position of the segment whose place it took, and `tombstones`, the greatest id of those applied. Its rows are
 *   grouped by trace; their sequences lie within those of the rows they were made of, and the last has theirs.
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
 * leaves them out; what arrives later is new. `crc` is as above, and `tombstones_crc` in meta is CRC32 over the
 * checksums of all, so that a row that is lost shows.
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
