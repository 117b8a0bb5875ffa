import { PermanentError } from "../../component/errors.ts";
import type { GrownTrace, LiveRequest, LiveStep } from "../../component/live.ts";
import { type Cursor, compareCursors } from "../../model/log.ts";
import type { BlockCache } from "../cache/block-cache.ts";
import type { CachedBlock } from "../cache/cached-block.ts";
import type { Pacer } from "../cache/pacer.ts";
import type { SegmentBlocks } from "../cache/segment-blocks.ts";
import { compileFilter } from "../search/filter.ts";
import { matchTrace } from "../search/match-trace.ts";

/** A follower that is further behind has the oldest skipped. */
const MAX_BEHIND_BLOCKS = 256;
/** Of one step: it ends after the block that reaches one of them. */
const MAX_STEP_BLOCKS = 32;
const MAX_STEP_TRACES = 256;

/**
 * One step along the log, as LiveRequest says; the cache was refreshed. A block that cannot be read now is waited for:
 * the step ends before it.
 */
export async function readLive(cache: BlockCache, { filter, after }: LiveRequest, pacer: Pacer): Promise<LiveStep> {
  const compiled = compileFilter(filter);
  const end = endOf(cache);
  const from = after === undefined ? end : parseCursor(after);
  // A log that lost its end, or was emptied, gives its numbers out again.
  if (compareCursors(from, end) >= 0) return { cursor: formatCursor(end), traces: [], skippedSpans: 0, more: false };
  const places = placesAfter(cache, from);
  const skipped = places.splice(0, Math.max(0, places.length - MAX_BEHIND_BLOCKS));
  let cursor = skipped.at(-1)?.cursor ?? from;
  const grown = new Map<string, number>();
  let looked = 0;
  for (const { segment, block: number, cursor: place } of places) {
    if (looked === MAX_STEP_BLOCKS || grown.size >= MAX_STEP_TRACES) break;
    const { count } = cache.missed;
    const block = cache.block(segment.id, number);
    if (block === undefined && cache.missed.count !== count) break;
    if (block !== undefined) countTraces(cache, block, grown);
    cursor = place;
    looked++;
    if (pacer.due()) await pacer.pause();
  }
  const traces: GrownTrace[] = [];
  for (const [key, newSpans] of grown) {
    const trace = await matchTrace(cache, compiled, Buffer.from(key, "latin1"), pacer);
    if (trace !== undefined) traces.push({ trace, newSpans: Math.min(newSpans, trace.spanCount) });
    if (pacer.due()) await pacer.pause();
  }
  return {
    cursor: formatCursor(looked === places.length ? end : cursor),
    traces,
    skippedSpans: skipped.reduce((sum, { segment, block }) => sum + segment.spans(block), 0),
    more: looked < places.length,
  };
}

interface Place {
  readonly segment: SegmentBlocks;
  readonly block: number;
  readonly cursor: Cursor;
}

function placesAfter(cache: BlockCache, from: Cursor): Place[] {
  const places: Place[] = [];
  for (const segment of cache.segments) {
    if (segment.position < from.segment) continue;
    const first = segment.position === from.segment ? from.block + 1 : 1;
    for (let block = first; block <= segment.count; block++) {
      places.push({ segment, block, cursor: { segment: segment.position, block } });
    }
  }
  return places;
}

function endOf(cache: BlockCache): Cursor {
  const last = cache.segments.at(-1);
  return last === undefined ? { segment: 0, block: 0 } : { segment: last.position, block: last.count };
}

/** Adds the spans of a block to the traces that they belong to, by `traceKey`. */
function countTraces(cache: BlockCache, { columns }: CachedBlock, into: Map<string, number>): void {
  const { count, traceIds, traceIndex } = columns;
  const ids = Buffer.from(traceIds.buffer, traceIds.byteOffset, traceIds.byteLength);
  const counts = new Uint32Array(traceIds.length / 16);
  for (let row = 0; row < count; row++) {
    const trace = traceIndex[row] as number;
    counts[trace] = (counts[trace] as number) + 1;
  }
  for (const [trace, spans] of counts.entries()) {
    if (spans === 0) continue;
    const key = cache.traceKey(ids, trace * 16);
    into.set(key, (into.get(key) ?? 0) + spans);
  }
}

function formatCursor({ segment, block }: Cursor): string {
  return `${segment}-${block}`;
}

function parseCursor(text: string): Cursor {
  const match = /^(\d{1,15})-(\d{1,9})$/.exec(text);
  if (match === null) throw new PermanentError("bad_request", `after: expected the cursor of an earlier answer`);
  return { segment: Number(match[1]), block: Number(match[2]) };
}
