import { resolve } from "node:path";
import { PACKAGE_ROOT } from "../codec/package-root.ts";
import type { Host } from "../component/component.ts";
import type { ExportFilters, StoreSettings } from "../component/store.ts";
import { parseSpanFilter } from "../exporters/span-filter.ts";
import { HOUR_MS, MINUTE_MS } from "../model/time.ts";
import { componentType } from "./config/components.ts";
import { type Config, mebibytes } from "./config/config.ts";
import { exportedSignals } from "./config/exported-signals.ts";
import type { ExportConfig } from "./store-modules/export.ts";
import type { IngestConfig } from "./store-modules/ingest.ts";

/** What the ingest thread is created with, and again on reload. */
export function ingestConfig(config: Config): IngestConfig {
  return { processors: config.processors, sampling: config.sampling };
}

/** As SpanStore.filterExports takes them. */
export function exportFilters({ exporters }: Pick<Config, "exporters">): ExportFilters {
  return new Map(
    Object.entries(exporters).flatMap(([name, value]) => {
      const { filter } = value as { readonly filter?: string };
      return filter === undefined ? [] : [[name, parseSpanFilter(filter)] as const];
    }),
  );
}

function exportConfig({ exporters, discovery }: Config, registryAddress: SharedArrayBuffer): ExportConfig {
  return {
    exporters: Object.entries(exporters)
      .filter(([name, value]) => exportedSignals(name, value).includes("traces"))
      .map(([name, value]) => ({ name, type: componentType(name), value })),
    discovery,
    registryAddress,
  };
}

/**
 * The settings of the store that a config describes.
 * @param registryAddress where the export thread finds the registry's listener (createRegistryAddress)
 */
export function storeSettings(config: Config, host: Host, registryAddress: SharedArrayBuffer): StoreSettings {
  const { storage } = config;
  const path = resolve(storage.path);
  // Threads run what is built, also where this file runs from src/ (tests).
  const dist = new URL("dist/", PACKAGE_ROOT);
  return {
    kind: storage.kind,
    path,
    driver: storage.driver,
    synchronous: storage.synchronous,
    segment: {
      maxSpans: storage.segment.max_spans,
      maxBytes: mebibytes(storage.segment.max_mebibytes),
      maxAgeMs: storage.segment.max_age_minutes * MINUTE_MS,
    },
    retention: {
      maxAgeMs: storage.retention.max_age_hours === null ? undefined : storage.retention.max_age_hours * HOUR_MS,
      maxBytes: storage.retention.max_mebibytes === null ? undefined : mebibytes(storage.retention.max_mebibytes),
    },
    sealing: {
      enabled: storage.sealing.enabled,
      minAgeMs: storage.sealing.min_age_minutes * MINUTE_MS,
    },
    minFreeBytes: mebibytes(storage.min_free_mebibytes),
    strictTraceId: storage.strict_trace_id,
    modules: {
      ingest: {
        url: new URL("app/store-modules/ingest.js", dist).href,
        config: ingestConfig(config),
      },
      query: { url: new URL("app/store-modules/query.js", dist).href, config: {} },
      export: {
        url: new URL("app/store-modules/export.js", dist).href,
        config: exportConfig(config, registryAddress),
      },
    },
    threadEntries: new URL("storage/threads/", dist).href,
    host,
  };
}
