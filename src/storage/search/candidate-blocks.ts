import type { BlockCache } from "../cache/block-cache.ts";
import { type BlockSource, HashBlocks } from "../cache/hash-blocks.ts";
import type { SegmentBlocks } from "../cache/segment-blocks.ts";
import type { CompiledFilter } from "./filter.ts";

/** Searching a block whose body is needed takes so many times as long as one of whose columns are enough. */
const BODY_COST = 10;

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

/** Of several filters that find the same traces the one that leaves the least to look at. */
export function fewestBlocks(cache: Pick<BlockCache, "segments">, filters: readonly CompiledFilter[]): CompiledFilter {
  const [first, ...others] = filters as [CompiledFilter, ...CompiledFilter[]];
  if (others.length === 0) return first;
  let best = first;
  let least = Number.POSITIVE_INFINITY;
  for (const filter of filters) {
    let blocks = 0;
    for (const segment of cache.segments) {
      for (let number = 1; number <= segment.count; number++) {
        if (filter.mayMatch((hash) => segment.mayContain(number, hash))) blocks++;
      }
    }
    const cost = blocks * (filter.needsBody ? BODY_COST : 1);
    if (cost < least) {
      least = cost;
      best = filter;
    }
  }
  return best;
}
