import type { BatchSink } from "../../component/ingest.ts";
import type { Metrics } from "../../component/metrics.ts";

const NAME = "spanloom_own_accepted_spans_total";
const HELP = "Spans taken that no receiver took, by source: the demo, the proxy, the collector's own work.";

/** The sink of what the collector puts into the store itself: what receivers count of senders is counted here of it. */
export function ownSink(sink: BatchSink, metrics: Metrics): BatchSink {
  // So that it is there before anything is.
  metrics.counter(NAME, HELP, { source: "demo" });
  return {
    async append(batch) {
      const result = await sink.append(batch);
      metrics.counter(NAME, HELP, { source: batch.source }).add(result.accepted);
      return result;
    },
  };
}
