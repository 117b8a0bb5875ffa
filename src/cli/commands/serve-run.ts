import type { Collector } from "../../app/collector.ts";
import type { Config } from "../../app/config/config.ts";
import { listedEndpoints } from "../../app/endpoints.ts";
import { createLogger } from "../../app/json-logger.ts";
import { messageOf } from "../../model/message-of.ts";
import { type ResolvedConfig, readConfig, wantedLogFormat } from "../options/resolve-config.ts";
import type { ServeFlags } from "../options/serve-flags.ts";
import { EXIT } from "../output/exit-codes.ts";
import { jsonLine, type LineFormat, reportError, reportFaultsAsJson } from "../output/report-error.ts";
import { outliveOutput } from "../output/standard-streams.ts";

/** Runs the collector until a signal ends the process. */
export async function serve(flags: ServeFlags): Promise<void> {
  let format: LineFormat | undefined;
  try {
    const { config, ignored } = await configOf(flags);
    format = config.telemetry.logs.format;
    if (format === "json") reportFaultsAsJson();
    reportIgnored(config, ignored);
    await run(config, flags, format);
  } catch (error) {
    process.exit(reportError(error, format ?? (await wantedLogFormat(flags, process.env))));
  }
}

async function run(config: Config, flags: ServeFlags, format: LineFormat): Promise<void> {
  const { startCollector } = await import("../../app/collector.ts");
  const collector = await startCollector(config);
  outliveOutput(process);
  const tell = (text: string): void => {
    if (format === "text") process.stderr.write(`spanloom: ${text}\n`);
    else process.stderr.write(jsonLine("info", text));
  };

  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(signal === "SIGINT" ? EXIT.interrupted : EXIT.failed);
    stopping = true;
    tell("finishing what was taken (again to stop at once)");
    collector.shutdown().then(
      () => process.exit(EXIT.ok),
      (error: unknown) => {
        reportError(error, format);
        process.exit(EXIT.failed);
      },
    );
  };
  process.on("SIGHUP", () => {
    if (stopping) return;
    reload(collector, flags).catch((error: unknown) => {
      tell(`the config was not loaded again, the running one stays: ${messageOf(error)}`);
    });
  });
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  // Last: whoever reads it may stop the collector at once.
  const data = config.storage.kind === "memory" ? "memory" : config.storage.path;
  process.stdout.write(format === "json" ? jsonBanner(collector, data) : banner(collector, data));
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
  const listed = listedEndpoints(collector.endpoints).map(({ title, address, listensOn }) => ({
    title,
    text: address === undefined ? "off" : `${address}${listensOn === undefined ? "" : `  (listens on ${listensOn})`}`,
  }));
  const lines = [...listed, { title: "data", text: data }];
  const width = Math.max(...lines.map(({ title }) => title.length));
  return `spanloom is ready\n${lines.map(({ title, text }) => `  ${title.padEnd(width)}  ${text}\n`).join("")}`;
}

function jsonBanner({ endpoints }: Collector, data: string): string {
  const { receivers, listensOn, ...own } = endpoints;
  const fields = receivers.map(({ receiver, listener, address }) => [`${receiver}.${listener}`, address]);
  const bound = receivers.map((one) => [`${one.receiver}.${one.listener}.listens_on`, one.listensOn]);
  const others = Object.entries(listensOn).map(([name, address]) => [`${name}.listens_on`, address]);
  return jsonLine("info", "spanloom is ready", {
    ...own,
    ...Object.fromEntries([...fields, ...bound, ...others]),
    data,
  });
}
