import type { MetricSample } from "./metrics.ts";

/** What a thread tells that was asked at `start` (performance.now) and answers now. */
export function lagSample(thread: string, start: number): MetricSample {
  return {
    name: "nodejs_eventloop_lag_seconds",
    type: "gauge",
    help: "How long the thread took to get to what it was asked as the metrics were read.",
    labels: { thread },
    value: (performance.now() - start) / 1000,
  };
}
