import { type Command, InvalidArgumentError } from "commander";
import type { RawConfig } from "../../app/config/config-sources.ts";
import { messageOf } from "../../model/message-of.ts";
import { addConfigFlags, type ConfigFlags } from "../options/config-flags.ts";
import { checkEndpoint } from "../options/option-values.ts";
import { EXIT } from "../output/exit-codes.ts";
import { outliveOutput } from "../output/standard-streams.ts";

interface ProxyFlags extends ConfigFlags {
  readonly listen?: string;
  readonly route?: readonly RouteFlag[];
  readonly propagation?: string;
  readonly otlp?: string;
}

interface RouteFlag {
  readonly prefix: string;
  readonly upstream: string;
  readonly service?: string;
}

const STOP_MS = 10_000;

export function addProxy(program: Command): void {
  addConfigFlags(
    program
      .command("proxy")
      .description("run the traced reverse proxy alone, sending its spans to a collector as OTLP"),
  )
    .option("--listen <host:port>", "where it listens (default 127.0.0.1:8088)")
    .option("--route <[/prefix=]upstream[#service]>", "what goes where (repeatable)", collectRoute)
    .option("--propagation <formats>", "sent upstream: w3c, b3, b3_single, jaeger, baggage, separated by commas")
    .option("--otlp <url>", "OTLP/HTTP base of the collector (default http://127.0.0.1:4318)", checkEndpoint)
    .addHelpText(
      "after",
      `
Examples:
  spanloom proxy --route http://127.0.0.1:9000#shop
  spanloom proxy --route /shop=http://127.0.0.1:9000#shop --route /stock=discover://inventory?tag=production
  spanloom proxy -c spanloom.yaml              routes and limits from the section \`proxy\``,
    )
    .action(run);
}

async function run(flags: ProxyFlags): Promise<void> {
  const { resolveConfig } = await import("../options/resolve-config.ts");
  const config = await resolveConfig(flags, process.env, proxySection(flags));
  if (config.proxy.routes.length === 0) {
    process.stderr.write("spanloom: no routes: give --route or a config file with proxy.routes\n");
    process.exitCode = EXIT.usage;
    return;
  }
  const { startStandaloneProxy } = await import("../../app/proxy.ts");
  const proxy = await startStandaloneProxy(config);
  outliveOutput(process);
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(signal === "SIGINT" ? EXIT.interrupted : EXIT.failed);
    stopping = true;
    proxy.shutdown(AbortSignal.timeout(STOP_MS)).then(
      () => process.exit(EXIT.ok),
      (error: unknown) => {
        process.stderr.write(`spanloom: ${messageOf(error)}\n`);
        process.exit(EXIT.failed);
      },
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  // Last: whoever reads it may stop the proxy at once.
  process.stdout.write(`spanloom proxy is ready\n  listens on  ${proxy.url}\n`);
  await new Promise(() => {});
}

/** The flags as the config file would say it. */
function proxySection({ listen, route, propagation, otlp }: ProxyFlags): RawConfig {
  const proxy = {
    ...(listen === undefined ? {} : { endpoint: listen }),
    ...(otlp === undefined ? {} : { exporter: { endpoint: `${otlp.replace(/\/+$/, "")}/v1/traces` } }),
    ...(route === undefined ? {} : { routes: route }),
    ...(propagation === undefined ? {} : { propagation: propagation.split(",").map((format) => format.trim()) }),
  };
  return { proxy };
}

/** `/shop=http://127.0.0.1:9000#shop`: prefix and service may be left out. */
function collectRoute(text: string, previous: readonly RouteFlag[] = []): readonly RouteFlag[] {
  const match = /^(?:(\/[^=]*)=)?((?:https?|discover):[^#]+)(?:#(.+))?$/.exec(text);
  if (match === null) {
    throw new InvalidArgumentError("expected [/prefix=]upstream[#service], such as /shop=http://127.0.0.1:9000#shop");
  }
  const [, prefix = "/", upstream, service] = match;
  return [...previous, { prefix, upstream: upstream as string, ...(service === undefined ? {} : { service }) }];
}
