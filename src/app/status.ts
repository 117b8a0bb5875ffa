import type { MetricSample } from "../component/metrics.ts";
import type { StoreStats } from "../component/read.ts";
import type { ExporterStatus, SpanStore } from "../component/store.ts";
import type { Config } from "./config/config.ts";
import type { CollectorEndpoints } from "./endpoints.ts";

/** `GET /api/ui/status`: what the collector does, for its status page and for the first-span help. */
export interface CollectorStatus {
  readonly version: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly endpoints: CollectorEndpoints;
  readonly storage: StoreStats & {
    readonly kind: "sqlite" | "memory";
    readonly path: string | undefined;
    readonly synchronous: "full" | "normal";
    readonly retention: { readonly maxAgeHours: number | null; readonly maxMebibytes: number | null };
  };
  /** Totals since the start, one entry a series. */
  readonly received: readonly CountedSeries[];
  readonly sampling: readonly CountedSeries[];
  /** What rates and calls between services leave out, sum up under other names, or forgot early. */
  readonly uncounted: readonly CountedSeries[];
  readonly exporters: readonly (ExporterStatus & { readonly type: string })[];
}

export interface CountedSeries {
  /** The metric's name without `spanloom_` and `_total`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

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

export async function collectorStatus(sources: StatusSources): Promise<CollectorStatus> {
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
    storage: {
      ...(JSON.parse(Buffer.from(stats.body).toString("utf8")) as StoreStats),
      kind: config.storage.kind,
      path: config.storage.kind === "memory" ? undefined : config.storage.path,
      synchronous: config.storage.synchronous,
      retention: {
        maxAgeHours: config.storage.retention.max_age_hours,
        maxMebibytes: config.storage.retention.max_mebibytes,
      },
    },
    received: counted(samples, (name) => name.startsWith("spanloom_receiver_")),
    sampling: counted(samples, (name) => name.startsWith("spanloom_sampling_")),
    uncounted: counted(samples, (name) => UNCOUNTED.includes(name)),
    exporters: exporters.map((exporter) => ({ ...exporter, type: exporter.name.split("/", 1)[0] as string })),
  };
}

function counted(samples: readonly MetricSample[], wanted: (name: string) => boolean): CountedSeries[] {
  return samples
    .filter((sample) => sample.type === "counter" && wanted(sample.name))
    .map(({ name, labels, value }) => ({
      name: name.slice("spanloom_".length).replace(/_total$/, ""),
      labels,
      value,
    }));
}
