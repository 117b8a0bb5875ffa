import { readdirSync, readFileSync } from "node:fs";
import type { MetricSample, Metrics } from "../component/metrics.ts";
import { heapSamples, lagSample } from "../component/thread-samples.ts";

/** What Prometheus' client libraries tell of every process, under the same names. Collectors in one process all do. */
export function addProcessMetrics(metrics: Metrics): void {
  const startSeconds = performance.timeOrigin / 1000;
  metrics.onSnapshot(() => {
    const { user, system } = process.cpuUsage();
    const open = openFiles();
    const most = mostOpenFiles();
    return [
      sample("process_cpu_seconds_total", "counter", "CPU time of all threads.", (user + system) / 1e6),
      sample("process_resident_memory_bytes", "gauge", "Memory that is resident.", process.memoryUsage.rss()),
      ...heapSamples("main"),
      sample("process_start_time_seconds", "gauge", "Start of the process, seconds since the epoch.", startSeconds),
      ...(open === undefined
        ? []
        : [sample("process_open_fds", "gauge", "Open files and sockets; Linux alone.", open)]),
      ...(most === undefined
        ? []
        : [sample("process_max_fds", "gauge", "Most files and sockets that may be open; Linux alone.", most)]),
    ];
  });
}

/** How long something that is due waits for this thread's event loop now. */
export function eventLoopLag(thread: string): Promise<MetricSample> {
  const start = performance.now();
  return new Promise((done) => {
    setImmediate(() => done(lagSample(thread, start)));
  });
}

function sample(name: string, type: "counter" | "gauge", help: string, value: number): MetricSample {
  return { name, type, help, labels: {}, value };
}

/** Undefined where the system does not tell. */
function openFiles(): number | undefined {
  try {
    // The folder itself is open while it is read.
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return undefined;
  }
}

function mostOpenFiles(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
