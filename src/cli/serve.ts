import { existsSync } from "node:fs";
import type { Command } from "commander";
import { type Collector, startCollector } from "../app/collector.ts";
import { parseConfig } from "../app/config.ts";
import {
  configFromAssignments,
  configFromEnvironment,
  mergeConfig,
  type RawConfig,
  readConfigFile,
} from "../app/config-sources.ts";
import { EXIT } from "./exit-codes.ts";

const DEFAULT_FILE = "spanloom.yaml";

/** Flags that stand for one setting each; `--set` reaches every other. */
export interface ConfigFlags {
  readonly config?: string;
  readonly storage?: string;
  readonly data?: string;
  readonly otlpGrpc?: string;
  readonly otlpHttp?: string;
  readonly ui?: string;
  readonly logLevel?: string;
  readonly set?: readonly string[];
}

export function addServe(program: Command): void {
  program
    .command("serve", { isDefault: true })
    .description("run the collector: receivers, store, exporters, read APIs and web UI")
    .option("-c, --config <file>", `config file (default: ${DEFAULT_FILE} here, when there is one; or SPANLOOM_CONFIG)`)
    .option("--storage <kind>", "sqlite (default) or memory")
    .option("--data <folder>", "data folder (default ./spanloom-data)")
    .option("--otlp-grpc <host:port>", "OTLP/gRPC listener (default 127.0.0.1:4317)")
    .option("--otlp-http <host:port>", "OTLP/HTTP listener (default 127.0.0.1:4318)")
    .option("--ui <host:port>", "web UI and read APIs (default 127.0.0.1:16686)")
    .option("--log-level <level>", "debug, info, warn or error")
    .option("--set <path=value>", "any setting, for example --set sampling.ratio=0.1 (repeatable)", collect, [])
    .addHelpText(
      "after",
      `
Examples:
  spanloom                                   start with defaults, data in ./spanloom-data
  spanloom --storage memory                  keep nothing on disk
  spanloom -c spanloom.yaml --ui 0.0.0.0:16686
  spanloom --set exporters.otlp.endpoint=collector:4317
  SPANLOOM_STORAGE__PATH=/data spanloom      any setting by environment: two underscores between the parts`,
    )
    .action(async (flags: ConfigFlags) => serve(flags));
}

/** The config from file, environment and flags, later ones winning. */
export function resolveConfig(flags: ConfigFlags, environment: NodeJS.ProcessEnv) {
  const file = flags.config ?? environment.SPANLOOM_CONFIG ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  const layers: { name: string; raw: RawConfig }[] = [];
  if (file !== undefined) layers.push({ name: file, raw: readConfigFile(file) });
  layers.push({ name: "environment", raw: configFromEnvironment(environment) });
  layers.push({ name: "command line", raw: flagConfig(flags) });
  // Each layer on its own first, so that an error names the layer that has it.
  for (const layer of layers) parseConfig(layer.raw, { name: layer.name });
  return parseConfig(mergeConfig(...layers.map((layer) => layer.raw)), { name: "config" });
}

function flagConfig(flags: ConfigFlags): RawConfig {
  const assignments = [
    flags.storage === undefined ? [] : [`storage.kind=${flags.storage}`],
    flags.otlpGrpc === undefined ? [] : [`receivers.otlp.protocols.grpc.endpoint=${flags.otlpGrpc}`],
    flags.otlpHttp === undefined ? [] : [`receivers.otlp.protocols.http.endpoint=${flags.otlpHttp}`],
    flags.ui === undefined ? [] : [`ui.endpoint=${flags.ui}`],
    flags.logLevel === undefined ? [] : [`telemetry.logs.level=${flags.logLevel}`],
  ].flat();
  const data: RawConfig = flags.data === undefined ? {} : { storage: { path: flags.data } };
  return mergeConfig(configFromAssignments([...(flags.set ?? []), ...assignments]), data);
}

async function serve(flags: ConfigFlags): Promise<void> {
  const config = resolveConfig(flags, process.env);
  const collector = await startCollector(config);
  process.stdout.write(banner(collector, config.storage.kind === "memory" ? "memory" : config.storage.path));

  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(signal === "SIGINT" ? EXIT.interrupted : EXIT.failed);
    stopping = true;
    process.stderr.write("spanloom: finishing what was taken (again to stop at once)\n");
    collector.shutdown().then(
      () => process.exit(EXIT.ok),
      (error: unknown) => {
        process.stderr.write(`spanloom: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exit(EXIT.failed);
      },
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  await new Promise(() => {});
}

function banner(collector: Collector, data: string): string {
  const { otlpGrpc, otlpHttp, ui } = collector.endpoints;
  const lines = [
    ["web UI and Jaeger API", ui],
    ["OTLP/gRPC", otlpGrpc ?? "off"],
    ["OTLP/HTTP", otlpHttp === undefined ? "off" : `${otlpHttp}/v1/traces`],
    ["data", data],
  ];
  const width = Math.max(...lines.map(([name]) => (name as string).length));
  return `spanloom is ready\n${lines.map(([name, value]) => `  ${(name as string).padEnd(width)}  ${value}\n`).join("")}`;
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
