import { existsSync } from "node:fs";
import type { Command } from "commander";
import { type Config, parseConfig } from "../app/config.ts";
import {
  configFromAssignments,
  configFromEnvironment,
  mergeConfig,
  type RawConfig,
  readConfigFile,
} from "../app/config-sources.ts";

const DEFAULT_FILE = "spanloom.yaml";

/** Flags that stand for one setting each; `--set` reaches every other. */
export interface ConfigFlags {
  readonly config?: string;
  readonly storage?: string;
  readonly data?: string;
  readonly otlpGrpc?: string;
  readonly otlpHttp?: string;
  readonly ui?: string;
  readonly registryApi?: string;
  readonly logLevel?: string;
  readonly set?: readonly string[];
}

/** The flags that name settings, for every command that reads the config. */
export function addConfigFlags(command: Command): Command {
  return command
    .option("-c, --config <file>", `config file (default: ${DEFAULT_FILE} here, when there is one; or SPANLOOM_CONFIG)`)
    .option("--storage <kind>", "sqlite (default) or memory")
    .option("--data <folder>", "data folder (default ./spanloom-data)")
    .option("--otlp-grpc <host:port>", "OTLP/gRPC listener (default 127.0.0.1:4317)")
    .option("--otlp-http <host:port>", "OTLP/HTTP listener (default 127.0.0.1:4318)")
    .option("--ui <host:port>", "web UI and read APIs (default 127.0.0.1:16686)")
    .option("--registry-api <host:port>", "service registry, Consul's API (default 127.0.0.1:8500)")
    .option("--log-level <level>", "debug, info, warn or error")
    .option("--set <path=value>", "any setting, for example --set sampling.ratio=0.1 (repeatable)", collect);
}

/** The config from file, environment and flags, later ones winning; `own` is what flags of one command alone say. */
export function resolveConfig(flags: ConfigFlags, environment: NodeJS.ProcessEnv, own: RawConfig = {}): Config {
  const file = flags.config ?? environment.SPANLOOM_CONFIG ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  const layers: { name: string; raw: RawConfig }[] = [];
  if (file !== undefined) layers.push({ name: file, raw: readConfigFile(file) });
  layers.push({ name: "environment", raw: configFromEnvironment(environment) });
  layers.push({ name: "command line", raw: mergeConfig(flagConfig(flags), own) });
  try {
    return parseConfig(mergeConfig(...layers.map((layer) => layer.raw)), { name: "config" });
  } catch (error) {
    // The layer that is wrong by itself is the one to name.
    for (const layer of layers) parseConfig(layer.raw, { name: layer.name });
    throw error;
  }
}

function flagConfig(flags: ConfigFlags): RawConfig {
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
  return mergeConfig(configFromAssignments(flags.set ?? []), ...texts);
}

function given(text: string | undefined, config: (text: string) => RawConfig): RawConfig {
  return text === undefined ? {} : config(text);
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
