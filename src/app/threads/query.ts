import type { TraceReader, ViewResult, ViewTable } from "../../component/read.ts";
import { jaegerViews } from "../../query/jaeger/views.ts";
import { uiViews } from "../../query/ui/views.ts";

/** What the query thread can answer (component/store.ts, QueryModule). */
export const views: ViewTable = { ...jaegerViews, ...uiViews, "store.stats": storeStats };

/** `StoreStats` as JSON. */
async function storeStats(reader: TraceReader, _params: never, signal: AbortSignal): Promise<ViewResult> {
  const stats = await reader.stats(signal);
  return {
    status: 200,
    contentType: "application/json",
    body: new Uint8Array(Buffer.from(JSON.stringify(stats))),
  };
}
