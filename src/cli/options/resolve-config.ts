import { existsSync, statSync } from "node:fs";
import { type Config, parseConfig } from "../../app/config/config.ts";
import { readConfigFile } from "../../app/config/config-file.ts";
import {
  type ConfigLayer,
  configFromAssignments,
  mergeConfig,
  nearestWritten,
  type RawConfig,
  setPath,
  whereIn,
} from "../../app/config/config-sources.ts";
import { configFromEnvironment } from "../../app/config/environment.ts";
import { type ConfigFlags, DEFAULT_FILE } from "./config-flags.ts";

export interface ResolvedConfig {
  readonly config: Config;
  /** Where a setting was written. Undefined for a default. */
  readonly where: (path: readonly PropertyKey[]) => string | undefined;
  /** Variables of the environment that look like settings and are Kubernetes' own. */
  readonly ignored: readonly string[];
}

/** The config from file, environment and flags, later ones winning; `own` is what flags of one command alone say. */
export async function resolveConfig(
  flags: ConfigFlags,
  environment: NodeJS.ProcessEnv,
  own: RawConfig = {},
): Promise<Config> {
  return (await readConfig(flags, environment, own)).config;
}

/**
 * As `resolveConfig`, with what is known of the sources.
 * @throws PermanentError `config_invalid` that names the place of every problem
 */
export async function readConfig(
  flags: ConfigFlags,
  environment: NodeJS.ProcessEnv,
  own: RawConfig = {},
): Promise<ResolvedConfig> {
  const file = fileOf(flags, environment);
  const fromEnvironment = await configFromEnvironment(environment);
  const layers: ConfigLayer[] = [
    ...(file === undefined ? [] : [await readConfigFile(file, environment)]),
    fromEnvironment,
    await configFromAssignments(flags.set ?? []),
    configFromFlags(flags),
    { raw: own, where: () => "command line" },
  ];
  const where = whereIn(layers);
  const { problems, ignored } = fromEnvironment;
  const config = parseConfig(mergeConfig(...layers.map(({ raw }) => raw)), { name: "config", where, problems });
  return { config, where, ignored };
}

/**
 * How the config wants lines to be written, as far as it can be read: for what is told of a config that is wrong. A
 * pipe is not read a second time.
 */
export async function wantedLogFormat(flags: ConfigFlags, environment: NodeJS.ProcessEnv): Promise<"text" | "json"> {
  const file = fileOf(flags, environment);
  const readable = (layer: Promise<ConfigLayer>): Promise<RawConfig> => layer.then(({ raw }) => raw).catch(() => ({}));
  const { telemetry } = mergeConfig(
    ...(await Promise.all([
      file !== undefined && statSync(file, { throwIfNoEntry: false })?.isFile()
        ? readable(readConfigFile(file, environment))
        : {},
      readable(configFromEnvironment(environment)),
      readable(configFromAssignments(flags.set ?? [])),
    ])),
  ) as { readonly telemetry?: { readonly logs?: { readonly format?: unknown } | null } | null };
  return telemetry?.logs?.format === "json" ? "json" : "text";
}

function fileOf(flags: ConfigFlags, environment: NodeJS.ProcessEnv): string | undefined {
  return flags.config ?? environment.SPANLOOM_CONFIG ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
}

/** What these flags say is a text, whatever it looks like; only `--set` has values of other types. */
const FLAG_PATHS = [
  ["storage", "--storage", "storage.kind"],
  ["data", "--data", "storage.path"],
  ["otlpGrpc", "--otlp-grpc", "receivers.otlp.protocols.grpc.endpoint"],
  ["otlpHttp", "--otlp-http", "receivers.otlp.protocols.http.endpoint"],
  ["ui", "--ui", "ui.endpoint"],
  ["registryApi", "--registry-api", "discovery.server.endpoint"],
  ["logLevel", "--log-level", "telemetry.logs.level"],
] as const;

function configFromFlags(flags: ConfigFlags): ConfigLayer {
  const raw: RawConfig = {};
  const written = FLAG_PATHS.flatMap(([key, name, setting]) => {
    const text = flags[key];
    const path = setting.split(".");
    if (text === undefined) return [];
    setPath(raw, path, text, name);
    return [{ path, name }];
  });
  return { raw, where: (path) => nearestWritten(written, path) ?? "command line" };
}
