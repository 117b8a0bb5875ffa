import { bytesToHex } from "../../model/ids.ts";
import type { TraceSummary } from "../../model/trace-query.ts";
import { bloomMayContain } from "../block/bloom.ts";
import type { BlockCache } from "../cache/block-cache.ts";
import type { Pacer } from "../cache/pacer.ts";
import { BlockGone, BlockView } from "../spans/block-view.ts";
import { identified } from "../spans/shown-id.ts";
import { type MatchedSpan, summarize } from "../spans/summary.ts";
import { withoutDuplicates } from "../spans/trace-rows.ts";
import type { CompiledFilter } from "./filter.ts";

/** The whole trace of that id, 16 bytes, where one of its spans satisfies the filter; undefined where none does. */
export async function matchTrace(
  cache: BlockCache,
  filter: CompiledFilter,
  id: Uint8Array,
  pacer: Pacer,
): Promise<TraceSummary | undefined> {
  const stored = await cache.trace(id, pacer);
  const trace = withoutDuplicates(stored, (block) => cache.body(block.segment, block.number));
  const passing = trace.filter(({ block }) => filter.mayMatch((hash) => bloomMayContain(block.bloom, hash)));
  if (filter.needsBody) await cache.prefetch(passing.map(({ block }) => block));
  const matched: MatchedSpan[] = [];
  for (const { block, rows } of passing) {
    const { columns } = block;
    try {
      const test = filter.bind(new BlockView(columns, () => cache.body(block.segment, block.number), rows));
      if (test === false) continue;
      for (const row of rows) if (test === true || test(row)) matched.push({ columns, row });
    } catch (error) {
      // Retention took it meanwhile, or it cannot be read now, which is counted.
      if (!(error instanceof BlockGone)) throw error;
    }
    if (pacer.due()) await pacer.pause();
  }
  if (matched.length === 0) return undefined;
  const { traceId, ...ids } = identified(bytesToHex(id), stored, cache.traceKeyFrom);
  return { ...summarize(traceId, trace, matched), ...ids };
}
