import type { SpanColumns } from "../../model/span-columns.ts";
import { bloomMayContain } from "../block/bloom.ts";
import type { BlockCache } from "../cache/block-cache.ts";
import type { CachedBlock, TraceRows } from "../cache/cached-block.ts";
import { LongTrace } from "../cache/long-trace.ts";
import type { Pacer } from "../cache/pacer.ts";
import { BlockGone, BlockView } from "../spans/block-view.ts";
import type { MatchedRows } from "../spans/summary.ts";
import { allDistinct, withoutDuplicates } from "../spans/trace-rows.ts";
import type { CompiledFilter } from "./filter.ts";
import type { RowTest } from "./filter-node.ts";

/** Bodies of a long trace that are inflated together. */
const PREFETCH = 32;

/** A trace as a search looks at it. */
export interface StoredTrace {
  readonly id: Uint8Array;
  /** All rows, duplicates included; empty where the trace is gone. */
  readonly stored: readonly TraceRows[];
  /** Every span once. */
  readonly trace: readonly TraceRows[];
  /** Where it lies in many blocks: `stored` are its own columns then, that have no way to bodies. */
  readonly long?: LongTrace;
}

export interface StoredTraceOptions {
  /** Whoever asks goes on to the bodies of the parts, which a long trace has not. */
  readonly needsBodies?: boolean;
  /** Keys of traces that will be asked for next. */
  readonly beside?: () => Iterable<string>;
}

/** Reads the trace of an id of 16 bytes, which may be a long one. */
export async function readStoredTrace(
  cache: BlockCache,
  id: Uint8Array,
  pacer: Pacer,
  { needsBodies = false, beside }: StoredTraceOptions = {},
): Promise<StoredTrace> {
  const gathered = needsBodies ? await cache.trace(id, pacer) : await cache.gather(id, pacer, beside);
  if (gathered instanceof LongTrace) {
    const trace = [gathered.part];
    if (allDistinct(trace)) return { id, stored: trace, trace, long: gathered };
  }
  // Which of two spans of one id is shown may take their bodies.
  const stored = gathered instanceof LongTrace ? await cache.trace(id, pacer) : gathered;
  return { id, stored, trace: withoutDuplicates(stored, loaderOf(cache)) };
}

export function loaderOf(cache: BlockCache): (block: CachedBlock) => Uint8Array | undefined {
  return (block) => cache.body(block.segment, block.number);
}

/** Spans of the trace that satisfy the filter, and what `narrowed` makes of its test. */
export async function matchedSpans(
  cache: BlockCache,
  filter: CompiledFilter,
  trace: StoredTrace,
  pacer: Pacer,
  narrowed: (columns: SpanColumns, test: RowTest | true) => RowTest | true,
): Promise<MatchedRows[]> {
  const matched: MatchedRows[] = [];
  const match = ({ block, rows }: TraceRows) =>
    unlessGone(() => {
      const test = filter.bind(new BlockView(block.columns, () => cache.body(block.segment, block.number), rows));
      if (test === false) return;
      const matches = narrowed(block.columns, test);
      const left = matches === true ? rows : rows.filter(matches);
      if (left.length > 0) matched.push({ columns: block.columns, rows: left });
    });
  for (const parts of partsToMatch(cache, filter, trace)) {
    if (filter.needsBody) await cache.prefetch(parts.map(({ block }) => block));
    for (const part of parts) {
      match(part);
      if (pacer.due()) await pacer.pause();
    }
  }
  return matched;
}

/** Parts that may hold a match, with a way to bodies where the filter goes by them: of a long trace some at a time. */
function* partsToMatch(
  cache: BlockCache,
  filter: CompiledFilter,
  { id, trace, long }: StoredTrace,
): Generator<readonly TraceRows[]> {
  const mayHold = (bloom: Uint8Array) => filter.mayMatch((hash) => bloomMayContain(bloom, hash));
  if (long === undefined || !filter.needsBody) {
    yield trace.filter(({ block }) => mayHold(block.bloom));
    return;
  }
  let parts: TraceRows[] = [];
  for (const { segment, number } of long.blocks()) {
    if (!cache.mayHold(segment, number, filter.mayMatch)) continue;
    const block = cache.block(segment, number, mayHold);
    if (block === undefined) continue;
    parts.push({ block, rows: block.traces.rows(id) });
    if (parts.length < PREFETCH) continue;
    yield parts;
    parts = [];
  }
  yield parts;
}

/** A block that retention takes while it is being searched, or that cannot be read now, has no matches. */
export function unlessGone(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof BlockGone)) throw error;
  }
}
