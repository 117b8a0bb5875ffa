import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import type { Host } from "../../component/component.ts";
import { RetryableError } from "../../component/errors.ts";
import type { ConfiguredExporter } from "../../component/store.ts";
import type { DiscoveryConfig } from "../../discovery/config.ts";
import { createLazyResolver } from "../../discovery/registry/lazy-resolver.ts";
import type { exporterCommonConfig } from "../../exporters/common-config.ts";
import { readRegistryAddress } from "./registry-address.ts";
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

/** How long the start of the registry is waited for, and how often it is looked for, ms. */
const START_MS = 2_000;
const ASK_EVERY_MS = 20;

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
  const { EXPORTERS } = await import("../config/builtin.ts");
  const resolver = createLazyResolver(async () => {
    const { createDiscoveryClient } = await import("../../discovery/discovery.ts");
    return createDiscoveryClient(discovery, await listenerOf(discovery, registryAddress), host);
  });
  return exporters.map(({ name, type, value }) => {
    const factory = EXPORTERS[type];
    if (factory === undefined) throw new Error(`no exporter of type ${type}`);
    const { start_at, sending, retry_on_failure } = value as CommonConfig;
    const exporter = factory.create({ name, writeStdout: (text) => process.stdout.write(text), resolver }, value);
    return {
      name,
      exporter: host.reportWork === undefined ? exporter : new ReportedExporter(exporter, name, host.reportWork),
      startAt: start_at,
      maxBatchSpans: sending.max_batch_spans,
      maxBatchBytes: sending.max_batch_bytes,
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

/**
 * Where the collector's registry listens, for the one backend that is reached there. A backlog is sent before the
 * registry has started, so it is waited for.
 * @throws RetryableError `unreachable` when it does not listen
 */
async function listenerOf(
  { backend, server }: DiscoveryConfig,
  memory: SharedArrayBuffer,
): Promise<string | undefined> {
  if (backend !== "local") return undefined;
  let told = readRegistryAddress(memory);
  for (let waitedMs = 0; told === "unknown" && waitedMs < START_MS; waitedMs += ASK_EVERY_MS) {
    await sleep(ASK_EVERY_MS, undefined, { ref: false });
    told = readRegistryAddress(memory);
  }
  if (told === "unknown") throw new RetryableError("unreachable", "the collector's registry has not started yet");
  if (told !== "none") return told.address;
  throw new RetryableError(
    "unreachable",
    `the collector's registry does not listen at ${server.endpoint}; the log of its start says why`,
  );
}
