import type { Command } from "commander";

/** The config file that is read without being named. */
export const DEFAULT_FILE = "spanloom.yaml";

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

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
