import type { Command } from "commander";
import { addConfigFlags } from "../../options/config-flags.ts";
import { addTrustFlags } from "../../options/connection-flags.ts";
import type { DbFlags } from "../../options/db-flags.ts";
import { checkName, checkUrl, parseDurationMs, parsePositive } from "../../options/option-values.ts";
import { addConditions, addTimes, type Conditions, withQuery } from "../../options/search-conditions.ts";

export interface RecordFlags extends DbFlags, Conditions {
  readonly out: string;
  /** Everything that is stored. */
  readonly all: boolean;
  /** ms */
  readonly for?: number;
  readonly spans?: number;
  readonly drop?: readonly string[];
  readonly hash?: readonly string[];
  readonly mask?: readonly string[];
  readonly salt?: string;
}

export function addRecord(program: Command): void {
  const command = program
    .command("record")
    .description("write traces as a recording (OTLP JSON Lines): what arrives from now on, or what is stored")
    .argument("[traceql]", "which traces, as --query")
    .requiredOption("--out <file>", "file to write, gzip for .gz, zstd for .zst; - for standard output", checkName);
  addTimes(addConditions(command))
    .option("--all", "everything that is stored, instead of what arrives", false)
    .option("--for <duration>", "how long to record what arrives: 30s, 5m; else until Ctrl-C", parseDurationMs)
    .option("--spans <n>", "end when so many spans are written; traces stay whole", parsePositive)
    .option("--drop <keys>", "remove attributes: globs over keys, with commas (repeatable)", collectKeys)
    .option("--hash <keys>", "write keyed hashes of their values", collectKeys)
    .option("--mask <keys>", "write **** for their values", collectKeys)
    .option("--salt <text>", "key of the hashes, at least 16 characters (default: the config's, else a random one)")
    .option("--url <url>", "web UI address of the collector (default: where the config says)", checkUrl);
  addConfigFlags(addTrustFlags(command))
    .option("--json", "print the summary as JSON", false)
    .addHelpText(
      "after",
      `
Rules of processors.redaction in the config hold for recordings too. The file is there when it is whole: until then it
is written beside, as .NAME.PID.part.

Ends with 0 where the recording is whole, 2 where it cannot be written, 5 where no collector answers, 6 where something
may be missing in it, 130 after Ctrl-C before its end: of what arrives the file is there then, of what is stored not.

Examples:
  spanloom record --out checkout.jsonl --for 1m '{ resource.service.name = "checkout" }'
  spanloom record --out traces.jsonl.gz                      until Ctrl-C
  spanloom record --out failed.jsonl --lookback 1h --errors
  spanloom record --out monday.jsonl.gz --start 2026-03-02 --end 2026-03-03 --drop 'http.request.header.*' --hash user.id
  spanloom record --out all.jsonl --all --data ./spanloom-data`,
    )
    .action(async (traceql: string | undefined, flags: RecordFlags) => {
      const stored = flags.all || flags.lookback !== undefined || flags.start !== undefined || flags.end !== undefined;
      if (stored && flags.for !== undefined) {
        command.error("error: --for is for what arrives; with --all, --lookback, --start or --end say no --for");
      }
      const { recordLive } = await import("./record-live.ts");
      const { recordStored } = await import("./record-stored.ts");
      await (stored ? recordStored : recordLive)(withQuery(traceql, flags));
    });
}

function collectKeys(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...text.split(",").map((key) => checkName(key.trim()))];
}
