import type { Collector } from "../../app/collector.ts";
import type { Config } from "../../app/config/config.ts";
import { createLogger } from "../../app/json-logger.ts";
import { messageOf } from "../../model/message-of.ts";
import { type ResolvedConfig, readConfig } from "../options/resolve-config.ts";
import type { ServeFlags } from "../options/serve-flags.ts";
import { EXIT } from "../output/exit-codes.ts";
import { outliveOutput } from "../output/standard-streams.ts";

/** Runs the collector until a signal ends the process. */
export async function serve(flags: ServeFlags): Promise<void> {
  const { config, ignored } = await configOf(flags);
  reportIgnored(config, ignored);
  const { startCollector } = await import("../../app/collector.ts");
  const collector = await startCollector(config);
  outliveOutput(process);
  process.stdout.write(banner(collector, config.storage.kind === "memory" ? "memory" : config.storage.path));

  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(signal === "SIGINT" ? EXIT.interrupted : EXIT.failed);
    stopping = true;
    process.stderr.write("spanloom: finishing what was taken (again to stop at once)\n");
    collector.shutdown().then(
      () => process.exit(EXIT.ok),
      (error: unknown) => {
        process.stderr.write(`spanloom: ${messageOf(error)}\n`);
        process.exit(EXIT.failed);
      },
    );
  };
  process.on("SIGHUP", () => {
    if (stopping) return;
    reload(collector, flags).catch((error: unknown) => {
      const reason = messageOf(error);
      process.stderr.write(`spanloom: the config was not loaded again, the running one stays: ${reason}\n`);
    });
  });
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  await new Promise(() => {});
}

/** Reads file, environment and flags again. */
async function reload(collector: Collector, flags: ServeFlags): Promise<void> {
  await collector.reload((await configOf(flags)).config);
}

/** With the services of `--services` beside the instances that the config has. */
async function configOf(flags: ServeFlags): Promise<ResolvedConfig> {
  const resolved = await readConfig(flags, process.env);
  if (flags.services === undefined) return resolved;
  const { declaredInstances, readServiceFile } = await import("../../app/declared-services.ts");
  const instances = [...resolved.config.discovery.instances, ...declaredInstances(readServiceFile(flags.services))];
  return readConfig(flags, process.env, { discovery: { instances } });
}

function reportIgnored({ telemetry }: Config, ignored: readonly string[]): void {
  if (ignored.length === 0) return;
  const write = (line: string) => process.stderr.write(line);
  createLogger({ ...telemetry.logs, write, now: Date.now }).debug(
    "variables that Kubernetes makes for a Service are no settings, and are left alone",
    { variables: ignored.join(" ") },
  );
}

function banner(collector: Collector, data: string): string {
  const { receivers, ui, registry, proxy } = collector.endpoints;
  const lines = [
    ["web UI and Jaeger API", ui],
    ...receivers.map(({ title, address }) => [title, address ?? "off"]),
    ["registry (Consul API)", registry ?? "off"],
    ...(proxy === undefined ? [] : [["traced proxy", proxy]]),
    ["data", data],
  ];
  const width = Math.max(...lines.map(([name]) => (name as string).length));
  return `spanloom is ready\n${lines.map(([name, value]) => `  ${(name as string).padEnd(width)}  ${value}\n`).join("")}`;
}
