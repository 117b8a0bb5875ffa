import { bytesToHex } from "../../model/ids.ts";
import type { TraceSummary } from "../../model/trace-query.ts";
import type { BlockCache } from "../cache/block-cache.ts";
import type { Pacer } from "../cache/pacer.ts";
import { identified } from "../spans/shown-id.ts";
import { summarize } from "../spans/summary.ts";
import type { CompiledFilter } from "./filter.ts";
import { matchedSpans, readStoredTrace } from "./stored-trace.ts";

/** The whole trace of that id, 16 bytes, where one of its spans satisfies the filter; undefined where none does. */
export async function matchTrace(
  cache: BlockCache,
  filter: CompiledFilter,
  id: Uint8Array,
  pacer: Pacer,
): Promise<TraceSummary | undefined> {
  const found = await readStoredTrace(cache, id, pacer);
  const matched = await matchedSpans(cache, filter, found, pacer, (_, test) => test);
  if (matched.length === 0) return undefined;
  const { traceId, ...ids } = identified(bytesToHex(id), found.stored, cache.traceKeyFrom);
  return { ...summarize(traceId, found.trace, matched), ...ids };
}
