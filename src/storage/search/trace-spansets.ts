import type { BlockCache } from "../cache/block-cache.ts";
import type { Pacer } from "../cache/pacer.ts";
import { BlockGone } from "../spans/block-view.ts";
import type { TraceSpans } from "../spans/trace-spans.ts";
import type { CompiledPipeline, Spanset } from "./spansets.ts";

/** Bodies of one trace that are inflated together, before they are asked for. */
const PREFETCH = 32;
/** Spans of a trace that a pipeline is asked of, some 40 bytes each besides their bodies. */
export const MAX_TRACE_SPANS = 2_000_000;

/**
 * What a pipeline leaves of one trace: nothing of one whose blocks are gone by now; undefined for one that has more
 * than MAX_TRACE_SPANS. Throws OutOfTime, and `cancelled`.
 */
export async function spansetsOf(
  cache: BlockCache,
  pipeline: CompiledPipeline,
  spans: TraceSpans,
  pacer: Pacer,
): Promise<readonly Spanset[] | undefined> {
  const blocks = spans.parts.map(({ block }) => block);
  if (!pipeline.mayMatch(blocks)) return [];
  if (spans.count > MAX_TRACE_SPANS) return undefined;
  try {
    if (pipeline.needsBody) await cache.prefetch(blocks.filter(pipeline.mayLookAt).slice(0, PREFETCH));
    return await pipeline.evaluate(spans, pacer);
  } catch (error) {
    if (!(error instanceof BlockGone)) throw error;
    return [];
  }
}
