import { existsSync } from "node:fs";
import { type Config, parseConfig } from "../../app/config/config.ts";
import {
  configFromAssignments,
  configFromEnvironment,
  mergeConfig,
  type RawConfig,
  readConfigFile,
} from "../../app/config/config-sources.ts";
import { type ConfigFlags, DEFAULT_FILE } from "./config-flags.ts";

/** The config from file, environment and flags, later ones winning; `own` is what flags of one command alone say. */
export async function resolveConfig(
  flags: ConfigFlags,
  environment: NodeJS.ProcessEnv,
  own: RawConfig = {},
): Promise<Config> {
  const file = flags.config ?? environment.SPANLOOM_CONFIG ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  const layers: { name: string; raw: RawConfig }[] = [];
  if (file !== undefined) layers.push({ name: file, raw: await readConfigFile(file) });
  layers.push({ name: "environment", raw: await configFromEnvironment(environment) });
  layers.push({ name: "command line", raw: mergeConfig(await flagConfig(flags), own) });
  try {
    return parseConfig(mergeConfig(...layers.map((layer) => layer.raw)), { name: "config" });
  } catch (error) {
    // The layer that is wrong by itself is the one to name.
    for (const layer of layers) parseConfig(layer.raw, { name: layer.name });
    throw error;
  }
}

async function flagConfig(flags: ConfigFlags): Promise<RawConfig> {
  // What these flags say is a text, whatever it looks like; only `--set` has values of other types.
  const texts: readonly RawConfig[] = [
    given(flags.storage, (kind) => ({ storage: { kind } })),
    given(flags.data, (path) => ({ storage: { path } })),
    given(flags.otlpGrpc, (endpoint) => ({ receivers: { otlp: { protocols: { grpc: { endpoint } } } } })),
    given(flags.otlpHttp, (endpoint) => ({ receivers: { otlp: { protocols: { http: { endpoint } } } } })),
    given(flags.ui, (endpoint) => ({ ui: { endpoint } })),
    given(flags.registryApi, (endpoint) => ({ discovery: { server: { endpoint } } })),
    given(flags.logLevel, (level) => ({ telemetry: { logs: { level } } })),
  ];
  return mergeConfig(await configFromAssignments(flags.set ?? []), ...texts);
}

function given(text: string | undefined, config: (text: string) => RawConfig): RawConfig {
  return text === undefined ? {} : config(text);
}
