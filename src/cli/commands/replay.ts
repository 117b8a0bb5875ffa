import { type Command, InvalidArgumentError } from "commander";
import { count } from "../../query/text/readable.ts";
import type { ReplaySummary } from "../../replay/replay.ts";
import { checkEndpoint } from "../options/option-values.ts";
import { badLineReporter } from "../output/bad-lines.ts";
import { EXIT } from "../output/exit-codes.ts";
import { createProgress } from "../output/progress.ts";

interface ReplayFlags {
  readonly endpoint: string;
  readonly speed: "max" | number;
  readonly at: "original" | "now";
  readonly freshIds: boolean;
  readonly json: boolean;
}

export function addReplay(program: Command): void {
  program
    .command("replay")
    .description("send recorded spans (OTLP JSON Lines, also .gz) to a collector, in order")
    .argument("<file...>", "recordings, one TracesData object a line")
    .option("--endpoint <url>", "OTLP/HTTP base of the collector", checkEndpoint, "http://127.0.0.1:4318")
    .option("--speed <factor>", "max, or times the recorded speed: 1x, 10x", parseSpeed, "max")
    .option("--at <when>", "original times, or now: the last span ends as the replay begins", parseAt, "original")
    .option("--fresh-ids", "give traces and spans new ids that keep their relations", false)
    .option("--json", "print the summary as JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom replay traces.jsonl
  spanloom replay --at now --fresh-ids traces.jsonl.gz     looks as if it had just happened
  spanloom replay --speed 10x --endpoint http://otel:4318 a.jsonl b.jsonl`,
    )
    .action(run);
}

async function run(files: string[], flags: ReplayFlags): Promise<void> {
  const { replay } = await import("../../replay/replay.ts");
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const progress = await createProgress("requests", flags.json);
  let summary: ReplaySummary;
  try {
    summary = await replay({
      files,
      endpoint: flags.endpoint,
      speed: flags.speed,
      at: flags.at,
      freshIds: flags.freshIds,
      signal: stop.signal,
      onProgress: ({ requests, totalRequests, spans }) =>
        progress.update(requests, totalRequests, count(spans, "span")),
      onBadLine: badLineReporter(),
    });
  } finally {
    progress.stop();
  }
  process.stdout.write(flags.json ? `${JSON.stringify(summary)}\n` : describe(summary));
  if (summary.interrupted) process.exitCode = EXIT.interrupted;
  else if (summary.badLines > 0 || summary.rejectedSpans > 0) process.exitCode = EXIT.failed;
}

function describe(summary: ReplaySummary): string {
  const rate = summary.seconds > 0 ? Math.round(summary.spans / summary.seconds) : summary.spans;
  let text = `${summary.interrupted ? "stopped after" : "sent"} ${count(summary.spans, "span")} in ${count(summary.requests, "request")}, ${summary.seconds.toFixed(2)} s (${rate} spans/s)\n`;
  if (summary.rejectedSpans > 0) text += `refused by the collector: ${count(summary.rejectedSpans, "span")}\n`;
  for (const message of summary.messages) text += `  ${message}\n`;
  if (summary.badLines > 0) text += `lines left out: ${summary.badLines}\n`;
  return text;
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
