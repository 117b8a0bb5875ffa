import { resolve } from "node:path";
import type { MetricSample } from "../component/metrics.ts";
import type { StoreStats } from "../component/read.ts";
import type { SpanStore } from "../component/store.ts";
import type { UiCountedSeries, UiStatusResponse } from "../query/ui/status-types.ts";
import type { Config } from "./config/config.ts";
import { destinationOf } from "./destination-of.ts";
import { type CollectorEndpoints, listedEndpoints } from "./endpoints.ts";

export interface StatusSources {
  readonly version: string;
  readonly startedAtMs: number;
  readonly endpoints: CollectorEndpoints;
  readonly config: Config;
  readonly store: SpanStore;
  readonly metrics: () => Promise<readonly MetricSample[]>;
}

const SIGNAL_MS = 5_000;

const UNCOUNTED = [
  "spanloom_red_left_out_spans_total",
  "spanloom_red_overflow_spans_total",
  "spanloom_dependencies_left_out_calls_total",
  "spanloom_dependencies_overflow_calls_total",
  "spanloom_aggregate_shrinks_total",
];

/** What the collector does, for its status page and for the first-span help. */
export async function collectorStatus(sources: StatusSources): Promise<UiStatusResponse> {
  const { config, store } = sources;
  const [samples, exporters, stats] = await Promise.all([
    sources.metrics(),
    store.exporters(),
    store.view("store.stats", {}, AbortSignal.timeout(SIGNAL_MS)),
  ]);
  return {
    version: sources.version,
    startedAtMs: sources.startedAtMs,
    nowMs: Date.now(),
    endpoints: sources.endpoints,
    listeners: listedEndpoints(sources.endpoints),
    storage: {
      ...(JSON.parse(Buffer.from(stats.body).toString("utf8")) as StoreStats),
      kind: config.storage.kind,
      path: config.storage.kind === "memory" ? undefined : resolve(config.storage.path),
      synchronous: config.storage.synchronous,
      retention: {
        maxAgeHours: config.storage.retention.max_age_hours,
        maxMebibytes: config.storage.retention.max_mebibytes,
      },
    },
    received: counted(samples, (name) => /^spanloom_(?:receiver|forwarded|own)_/.test(name)),
    sampling: counted(samples, (name) => name.startsWith("spanloom_sampling_")),
    uncounted: counted(samples, (name) => UNCOUNTED.includes(name)),
    exporters: exporters.map((exporter) => ({
      ...exporter,
      type: exporter.name.split("/", 1)[0] as string,
      destination: destinationOf(config.exporters[exporter.name]),
    })),
  };
}

function counted(samples: readonly MetricSample[], wanted: (name: string) => boolean): UiCountedSeries[] {
  return samples
    .filter((sample) => sample.type === "counter" && wanted(sample.name))
    .map(({ name, labels, value }) => ({
      name: name.slice("spanloom_".length).replace(/_total$/, ""),
      labels,
      value,
    }));
}
