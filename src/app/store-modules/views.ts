import type { TraceReader, ViewResult, ViewTable } from "../../component/read.ts";
import { hexToBytes } from "../../model/ids.ts";
import type { TraceQuery } from "../../model/trace-query.ts";
import { Gaps } from "../../query/gaps.ts";
import { jaegerViews } from "../../query/jaeger/views.ts";
import { jaegerGrpcViews } from "../../query/jaeger-grpc/views.ts";
import { jaegerV3Views } from "../../query/jaeger-v3/views.ts";
import { savedViews } from "../../query/saved/saved-trace.ts";
import { tempoViews } from "../../query/tempo/views.ts";
import { comparisonViews } from "../../query/ui/comparison/views.ts";
import { uiViews } from "../../query/ui/views.ts";
import { zipkinViews } from "../../query/zipkin/views.ts";

/** What the query thread can answer. */
export const views: ViewTable = {
  ...jaegerViews,
  ...jaegerV3Views,
  ...jaegerGrpcViews,
  ...savedViews,
  ...tempoViews,
  ...uiViews,
  ...comparisonViews,
  ...zipkinViews,
  "store.stats": storeStats,
  "store.find_ids": findIds,
  "store.stored_ids": storedIds,
};

/** `StoreStats` as JSON. */
async function storeStats(reader: TraceReader, _params: never, signal: AbortSignal): Promise<ViewResult> {
  const stats = await reader.stats(signal);
  return {
    status: 200,
    contentType: "application/json",
    body: new Uint8Array(Buffer.from(JSON.stringify(stats))),
  };
}

/** Ids of the traces that a query finds, and all that their spans have, as JSON: what deletion by query works on. */
async function findIds(reader: TraceReader, params: never, signal: AbortSignal): Promise<ViewResult> {
  const { query } = params as { readonly query: TraceQuery };
  const { traces, complete, reason, next, total } = await reader.find(query, signal);
  const answer = {
    traceIds: traces.map(({ traceId }) => traceId),
    storedIds: traces.flatMap(({ traceId, storedIds = [traceId] }) => storedIds),
    complete,
    ...(reason === undefined ? {} : { reason }),
    ...(total === undefined ? {} : { total }),
    ...(next === undefined ? {} : { next: { start: next.start.toString(), traceId: next.traceId } }),
  };
  return {
    status: 200,
    contentType: "application/json",
    body: new Uint8Array(Buffer.from(JSON.stringify(answer))),
  };
}

/**
 * Which of these traces are stored, and all ids that their spans have, as JSON. Ids are 32 hex digits. Throws
 * RetryableError `storage_unavailable` where one that is not found may lie in what cannot be read.
 */
async function storedIds(reader: TraceReader, params: never, signal: AbortSignal): Promise<ViewResult> {
  const { traceIds } = params as { readonly traceIds: readonly string[] };
  const stored: string[] = [];
  const storedIds = new Set<string>();
  const gaps = new Gaps();
  let at = 0;
  for await (const fragments of reader.traces(
    traceIds.map((id) => hexToBytes(id) as Uint8Array),
    signal,
    gaps.onGap,
  )) {
    const id = traceIds[at++] as string;
    if (fragments.length === 0) continue;
    stored.push(id);
    for (const one of fragments[0]?.traceIds ?? [id]) storedIds.add(one);
  }
  if (stored.length < traceIds.length) gaps.throwIfAny();
  return {
    status: 200,
    contentType: "application/json",
    body: new Uint8Array(Buffer.from(JSON.stringify({ traceIds: stored, storedIds: [...storedIds] }))),
  };
}
