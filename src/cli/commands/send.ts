import { type Command, InvalidArgumentError, Option } from "commander";
import { count } from "../../query/text/readable.ts";
import { tokenOption } from "../options/connection-flags.ts";
import { checkEndpoint, parseDurationMs, parsePositive } from "../options/option-values.ts";
import { EXIT } from "../output/exit-codes.ts";
import { createProgress } from "../output/progress.ts";

interface SendFlags {
  readonly demo: boolean;
  readonly endpoint: string;
  readonly token?: string;
  readonly traces: number;
  readonly spread: number;
  readonly rate?: number;
  readonly for?: number;
  readonly seed: number;
  readonly json: boolean;
}

export function addSend(program: Command): void {
  program
    .command("send")
    .description("send generated spans to a collector")
    .requiredOption("--demo", "a shop of thirteen services with errors, retries, N+1 queries and slow calls")
    .option("--endpoint <url>", "OTLP/HTTP base of the collector", checkEndpoint, "http://127.0.0.1:4318")
    .addOption(tokenOption())
    .option("--traces <n>", "one shot: how many traces", parsePositive, 500)
    .addOption(
      new Option("--spread <duration>", "one shot: over how much of the recent past")
        .argParser(parseDurationMs)
        .default(900_000, "15m"),
    )
    .option("--rate <spans/s>", "steady instead, until Ctrl-C or --for", parsePositive)
    .option("--for <duration>", "how long to send at --rate: 30s, 5m, 1h", parseDurationMs)
    .option("--seed <n>", "the same seed gives the same traces", parseSeed, 1)
    .option("--json", "print the summary as JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom send --demo
  spanloom send --demo --rate 2000 --for 1h
  spanloom send --demo --seed 42 --traces 1000 --endpoint http://otel:4318`,
    )
    .action(run);
}

const NEXT =
  "an error and a slow call are planted in it: spanloom search --errors, spanloom search --min-duration 1s\n";

async function run(flags: SendFlags, command: Command): Promise<void> {
  if (flags.rate === undefined && flags.for !== undefined) command.error("error: --for needs --rate");
  if (flags.rate !== undefined && command.getOptionValueSource("traces") === "cli") {
    command.error("error: --traces is for one shot; with --rate say --for how long");
  }
  const { sendDemo } = await import("../../demo/send-demo.ts");
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const steady = flags.rate !== undefined;
  const progress = await createProgress(steady ? "s" : "traces", flags.json);
  const began = Date.now();
  const summary = await sendDemo({
    endpoint: flags.endpoint,
    token: flags.token,
    seed: flags.seed,
    traces: flags.traces,
    spreadMs: flags.spread,
    spansPerSecond: flags.rate,
    forMs: flags.for,
    signal: stop.signal,
    onProgress: (traces, spans) => {
      const seconds = Math.round((Date.now() - began) / 1000);
      if (!steady) progress.update(traces, flags.traces, count(spans, "span"));
      else progress.update(seconds, flags.for === undefined ? seconds : flags.for / 1000, count(spans, "span"));
    },
  }).finally(() => progress.stop());
  process.stdout.write(
    flags.json
      ? `${JSON.stringify(summary)}\n`
      : `sent ${count(summary.spans, "span")} in ${count(summary.traces, "trace")}, ${summary.seconds.toFixed(1)} s\n`,
  );
  if (!flags.json && !summary.interrupted) process.stderr.write(NEXT);
  if (summary.rejectedSpans > 0) {
    process.stderr.write(`spanloom: the collector refused ${count(summary.rejectedSpans, "span")}\n`);
    process.exitCode = EXIT.failed;
  } else if (summary.interrupted) process.exitCode = EXIT.interrupted;
}

function parseSeed(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("expected a whole number from 0 to 999999999");
  return Number(text);
}
