import { type Command, InvalidArgumentError } from "commander";
import type { ConfigFlags } from "../../options/config-flags.ts";
import { tokenOption } from "../../options/connection-flags.ts";
import { checkEndpoint, checkName } from "../../options/option-values.ts";

/** Where a replay sends: an exporter's name, and an endpoint instead of its own. */
export interface ReplayTo {
  readonly name: string;
  readonly endpoint: string | undefined;
}

export interface ReplayFlags extends Pick<ConfigFlags, "config" | "set"> {
  readonly endpoint: string;
  readonly to?: readonly ReplayTo[];
  readonly speed: "max" | number;
  readonly token?: string;
  readonly at: "original" | "now";
  readonly freshIds: boolean;
  readonly query?: string;
  readonly skipBad: boolean;
  readonly json: boolean;
}

export function addReplay(program: Command): void {
  const command = program
    .command("replay")
    .description("send recorded spans (OTLP JSON Lines, also .gz and .zst) to a collector, in order")
    .argument("<file...>", "recordings, one TracesData object a line; - is stdin")
    .option("--endpoint <url>", "OTLP/HTTP base of the collector", checkEndpoint, "http://127.0.0.1:4318")
    .addOption(tokenOption())
    .option(
      "--to <exporter[=endpoint]>",
      "instead of --endpoint: otlp (gRPC), otlphttp, jaeger, zipkin, or an exporter of the config; several at once (repeatable, or with commas)",
      collectTo,
    )
    .option("--speed <factor>", "max, or times the recorded speed: 1x, 10x", parseSpeed, "max")
    .option("--at <when>", "original times, or now: the last span ends as the replay begins", parseAt, "original")
    .option("--fresh-ids", "give traces and spans new ids that keep their relations", false)
    .option("-q, --query <traceql>", "only traces that match: '{ status = error }'", checkName)
    .option("--skip-bad", "lines that cannot be read are counted, and no failure", false);
  const config = command.createOption("-c, --config <file>", "config file with the exporters that --to names");
  command
    .addOption(config)
    .option("--set <path=value>", "any setting, for example of an exporter (repeatable)", collectText)
    .option("--json", "print the summary as JSON", false)
    .addHelpText(
      "after",
      `
Ends with 0 where everything was sent, 1 where lines could not be read and were left out, 2 where a file cannot be read
at all, 5 where a destination does not answer, 7 where a destination refused spans, 130 after Ctrl-C.

Examples:
  spanloom replay traces.jsonl
  spanloom replay --at now --fresh-ids traces.jsonl.gz     looks as if it had just happened
  spanloom replay --speed 10x --endpoint http://otel:4318 a.jsonl b.jsonl
  spanloom replay --to zipkin --to jaeger=http://localhost:14268/api/traces traces.jsonl
  spanloom replay --query '{ status = error }' --skip-bad traces.jsonl
  zcat traces.jsonl.gz | spanloom replay -`,
    )
    .action(async (files: string[], flags: ReplayFlags) => {
      if (flags.to !== undefined && command.getOptionValueSource("endpoint") === "cli") {
        command.error("error: --endpoint and --to: expected one of them; say --to otlphttp=<url>");
      }
      const { runReplay } = await import("./replay-run.ts");
      await runReplay(files, flags);
    });
}

function collectTo(text: string, previous: readonly ReplayTo[] = []): readonly ReplayTo[] {
  const parts = text.split(",").map((part): ReplayTo => {
    const [, name, endpoint] = /^([^=\s]+)(?:=(\S+))?$/.exec(part.trim()) ?? [];
    if (name === undefined || URL.canParse(name)) {
      throw new InvalidArgumentError("expected names of exporters such as zipkin or otlphttp=http://collector:4318");
    }
    return { name, endpoint };
  });
  const all = [...previous, ...parts];
  const twice = all.find(
    ({ name, endpoint }, i) => all.findIndex((o) => o.name === name && o.endpoint === endpoint) < i,
  );
  if (twice !== undefined) throw new InvalidArgumentError(`${twice.name} is named twice`);
  return all;
}

function collectText(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function parseSpeed(text: string): "max" | number {
  if (text === "max") return "max";
  const match = /^(\d+(?:\.\d+)?)x?$/.exec(text);
  const factor = Number(match?.[1]);
  if (match === null || !(factor > 0)) throw new InvalidArgumentError("expected max or a factor such as 1x or 10x");
  return factor;
}

function parseAt(text: string): "original" | "now" {
  if (text !== "original" && text !== "now") throw new InvalidArgumentError("expected original or now");
  return text;
}
