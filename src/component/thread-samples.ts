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

/** What the heap of the thread that calls this holds, garbage that was not collected yet included. */
export function heapSamples(thread: string): MetricSample[] {
  const { heapUsed, external } = process.memoryUsage();
  const gauge = (name: string, help: string, value: number): MetricSample => {
    return { name, type: "gauge", help, labels: { thread }, value };
  };
  return [
    gauge("nodejs_heap_size_used_bytes", "What the thread's heap of JavaScript objects holds.", heapUsed),
    gauge("nodejs_external_memory_bytes", "Buffers and the like that objects of the thread hold.", external),
  ];
}
