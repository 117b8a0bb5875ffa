import { RECEIVERS } from "./config/builtin.ts";
import { type Config, type ConfigInput, parseConfig } from "./config/config.ts";
import { mergeConfig, type RawConfig } from "./config/config-sources.ts";
import { inProcessDefaults } from "./config/in-process.ts";
import { type Collector, type CollectorOptions, runCollector } from "./run-collector.ts";

export type { ConfigInput } from "./config/config.ts";
export type { CollectorEndpoints } from "./endpoints.ts";
export type { Collector, CollectorOptions } from "./run-collector.ts";

/**
 * Starts a whole collector inside this program: by default with the memory store and free ports, so any number run side
 * by side. `config` is what the config file would say, laid over those defaults.
 * Throws PermanentError (`config_invalid`, `listen_failed`, `data_folder_in_use`, …); then nothing stays open.
 */
export async function createCollector(config: ConfigInput = {}, options: CollectorOptions = {}): Promise<Collector> {
  const written = config as RawConfig;
  const merged = mergeConfig(inProcessDefaults(written, RECEIVERS), written);
  return startCollector(parseConfig(merged, { name: "createCollector()" }), options);
}

/** Starts a collector from a complete config. */
export async function startCollector(config: Config, options: CollectorOptions = {}): Promise<Collector> {
  return runCollector(config, options, RECEIVERS);
}
