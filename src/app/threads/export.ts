import type { z } from "zod";
import type { Host } from "../../component/component.ts";
import type { ConfiguredExporter } from "../../component/store.ts";
import type { exporterCommonConfig } from "../../exporters/common-config.ts";
import { EXPORTERS } from "../builtin.ts";

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

/** Creates the exporters of the config (component/store.ts, ExportModule). */
export function createExporters(config: unknown, _host: Host): readonly ConfiguredExporter[] {
  return (config as readonly ExporterEntry[]).map(({ name, type, value }) => {
    const factory = EXPORTERS[type];
    if (factory === undefined) throw new Error(`no exporter of type ${type}`);
    const { start_at, sending, retry_on_failure } = value as CommonConfig;
    return {
      name,
      exporter: factory.create({ name, writeStdout: (text) => process.stdout.write(text) }, value),
      startAt: start_at,
      maxBatchSpans: sending.max_batch_spans,
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
