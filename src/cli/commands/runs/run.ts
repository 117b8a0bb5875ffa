import { type Command, InvalidArgumentError } from "commander";
import { checkUrl, parseDurationMs } from "../../options/option-values.ts";
import { RUNS_FOLDER } from "./run-places.ts";

export interface RunFlags {
  readonly label: string;
  readonly out?: string;
  readonly runs: string;
  readonly url?: string;
  readonly defaultPorts: boolean;
  readonly settle: number;
  readonly allowEmpty: boolean;
}

const DEFAULT_SETTLE_MS = 500;

export function addRun(program: Command): void {
  program
    .command("run")
    .description("run a command with a collector of its own, and keep what it sent as a run to compare")
    .argument("<command...>", "what to run, after --")
    .requiredOption("-l, --label <label>", "name of the run: main, pr-42", checkLabel)
    .option("-o, --out <file>", "where to keep the run, .gz compressed (default: LABEL.jsonl in --runs)")
    .option("--runs <folder>", "where runs are kept", RUNS_FOLDER)
    .option("--url <url>", "web UI address of a running collector that gets the spans too", checkUrl)
    .option(
      "--default-ports",
      "take what comes on 4317 and 4318 too: for programs that ignore OTEL_EXPORTER_OTLP_ENDPOINT",
      false,
    )
    .option(
      "--settle <duration>",
      "the run is over when nothing has come for so long",
      parseDurationMs,
      DEFAULT_SETTLE_MS,
    )
    .option("--allow-empty", "a command that sends no span is no failure", false)
    .passThroughOptions()
    .addHelpText(
      "after",
      `
Every span gets the resource attribute spanloom.run. The exit code is that of the command; 125 where the run could not
be kept, 126 and 127 where the command could not be started or found, 128 and the number of a signal that ended it.

Examples:
  spanloom run --label main -- npm test
  spanloom run --label pr-42 -- npx vitest run load
  spanloom run --label pr-42 --out pr-42.jsonl -- node load.js
  spanloom run --label pr-42 --url http://127.0.0.1:16686 -- npm test     look at the traces there
  spanloom diff main pr-42`,
    )
    .action(async (words: string[], flags: RunFlags) => {
      const { runAndKeep } = await import("./run-and-keep.ts");
      process.exitCode = await runAndKeep(words, flags);
    });
}

/** For the name of a run. */
function checkLabel(text: string): string {
  if (text === "" || text.startsWith("{") || /[\p{Cc}]/u.test(text) || Buffer.byteLength(text) > 200) {
    throw new InvalidArgumentError("expected a name of at most 200 bytes such as main or pr-42");
  }
  return text;
}
