import { type BlockSource, HashBlocks } from "../cache/hash-blocks.ts";
import type { SegmentBlocks } from "../cache/segment-blocks.ts";

/**
 * The rows of one segment, as it is now, whose filters may contain all of some hashes, newest first. What is found for
 * the first hash is shared by all searches of a segment that gets no more rows: it is mostly that of a service.
 */
export function candidateBlocks(segment: SegmentBlocks, [first, ...others]: readonly number[]): BlockSource {
  if (first === undefined) {
    const order = segment.newestFirst();
    return { get: (index) => order[index] };
  }
  const rows = segment.blocksOf(first);
  if (others.length === 0) return rows;
  return new HashBlocks(rows, (some, count) => others.reduce((left, hash) => segment.narrow(some, left, hash), count));
}
