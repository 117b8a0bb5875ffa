import type { BlockCache } from "../cache/block-cache.ts";
import type { SegmentBlocks } from "../cache/segment-blocks.ts";
import { candidateBlocks } from "./candidate-blocks.ts";
import type { CompiledFilter } from "./filter.ts";
import { Heap } from "./heap.ts";

interface Cursor {
  readonly segment: SegmentBlocks;
  readonly numbers: { get(index: number): number | undefined };
  at: number;
  number: number;
}

export interface NewestBlock {
  readonly segment: SegmentBlocks;
  readonly number: number;
}

/**
 * All blocks that may hold spans that pass the filter and start from `from` to `to` (ns since the epoch, rounded
 * outwards), over all segments by their latest start, newest first.
 */
export function* newestBlocks(
  cache: BlockCache,
  filter: CompiledFilter,
  from: number,
  to: number,
): Generator<NewestBlock, void> {
  const cursors = new Heap<Cursor>((a, b) => a.segment.maxStart(a.number) > b.segment.maxStart(b.number));
  const advance = (cursor: Cursor): boolean => {
    const { segment, numbers } = cursor;
    for (let number = numbers.get(++cursor.at); number !== undefined; number = numbers.get(++cursor.at)) {
      if (segment.maxStart(number) < from) return false;
      const known = number;
      if (segment.minStart(number) > to) continue;
      if (segment.hasBlooms && !filter.mayMatch((hash) => segment.mayContain(known, hash))) continue;
      cursor.number = number;
      return true;
    }
    return false;
  };
  for (const segment of cache.segments) {
    const cursor = { segment, numbers: candidateBlocks(segment, filter.required), at: -1, number: 0 };
    if (advance(cursor)) cursors.push(cursor);
  }
  for (let cursor = cursors.top; cursor !== undefined; cursor = cursors.top) {
    yield { segment: cursor.segment, number: cursor.number };
    if (advance(cursor)) cursors.replaceTop(cursor);
    else cursors.pop();
  }
}
