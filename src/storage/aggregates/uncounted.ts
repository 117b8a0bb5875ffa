import type { Cursor } from "../../model/log.ts";
import type { SegmentSource } from "../log/segment-source.ts";
import { hasTable } from "./dependency-table.ts";

const BEGINNING: Cursor = { segment: 0, block: 0 };

/**
 * Reads the row that an aggregate would count next, so that the source misses it where the disk does not give it: the
 * aggregate waits for it then, and what it has counted lacks all that came since.
 */
export function readUncounted(source: SegmentSource, aggregate: string): void {
  const counted = countedThrough(source, aggregate);
  for (const { id, position } of source.segments()) {
    if (position < counted.segment) continue;
    const heads = source.blocksAfter(id, position === counted.segment ? counted.block : 0, 1);
    if (heads.length > 0 || source.isUnreadable(id)) return;
  }
}

/** What is stored of the aggregate's cursor; the beginning of the log where nothing is. */
function countedThrough(source: SegmentSource, aggregate: string): Cursor {
  const db = source.aggregates();
  if (!hasTable(db, "consumer")) return BEGINNING;
  const found = db
    .prepare<Cursor>("SELECT segment AS segment, row AS block FROM consumer WHERE name = ?")
    .get(aggregate);
  return found ?? BEGINNING;
}
