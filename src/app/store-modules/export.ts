import type { z } from "zod";
import type { Host } from "../../component/component.ts";
import type { ConfiguredExporter } from "../../component/store.ts";
import type { DiscoveryConfig } from "../../discovery/config.ts";
import type { exporterCommonConfig } from "../../exporters/common-config.ts";
import { createResolver } from "./exporter-resolver.ts";
import { ReportedExporter } from "./reported-exporter.ts";

/** The part of the config that the export thread needs. */
export interface ExportConfig {
  readonly exporters: readonly ExporterEntry[];
  readonly discovery: DiscoveryConfig;
  /** Where the collector's own registry listens is told here once it does (createRegistryAddress). */
  readonly registryAddress: SharedArrayBuffer;
}

/** One configured exporter as it travels to the export thread. */
export interface ExporterEntry {
  /** The key in the config: `otlp`, `otlp/backup`. */
  readonly name: string;
  readonly type: string;
  /** Parsed by the type's schema. */
  readonly value: unknown;
}

type CommonConfig = {
  readonly [Key in keyof typeof exporterCommonConfig]: z.output<(typeof exporterCommonConfig)[Key]>;
};

/**
 * Creates the exporters of the config (component/store.ts, ExportModule). Those with `discover://` endpoints share one
 * registry client, which is closed when the last of them was shut down.
 */
export async function createExporters(config: unknown, host: Host): Promise<readonly ConfiguredExporter[]> {
  const { exporters, discovery, registryAddress } = config as ExportConfig;
  // A collector that forwards nothing loads none of it.
  if (exporters.length === 0) return [];
  const [{ EXPORTERS }, { parseSpanFilter }] = await Promise.all([
    import("../config/builtin.ts"),
    import("../../exporters/span-filter.ts"),
  ]);
  const resolver = createResolver(discovery, registryAddress, host);
  return exporters.map(({ name, type, value }) => {
    const factory = EXPORTERS[type];
    if (factory === undefined) throw new Error(`no exporter of type ${type}`);
    const { start_at, filter, sending, retry_on_failure } = value as CommonConfig;
    const exporter = factory.create({ name, writeStdout: (text) => process.stdout.write(text), resolver }, value);
    return {
      name,
      exporter: host.reportWork === undefined ? exporter : new ReportedExporter(exporter, name, host.reportWork),
      startAt: start_at,
      ...(filter === undefined ? {} : { filter: parseSpanFilter(filter) }),
      maxBatchSpans: sending.max_batch_spans,
      maxBatchBytes: sending.max_batch_bytes,
      ...(sending.gather_ms === 0 ? {} : { gatherMs: sending.gather_ms }),
      ...(factory.exact === undefined ? {} : { exact: factory.exact }),
      concurrency: sending.concurrency,
      ...(sending.max_backlog_spans === null ? {} : { maxBacklogSpans: sending.max_backlog_spans }),
      backoff: {
        initialMs: retry_on_failure.initial_interval_ms,
        maxMs: retry_on_failure.max_interval_ms,
        factor: retry_on_failure.multiplier,
      },
    };
  });
}
