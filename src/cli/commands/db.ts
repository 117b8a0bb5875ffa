import type { Command } from "commander";
import { addConfigFlags } from "../options/config-flags.ts";
import type { DbFlags, DeleteFlags } from "../options/db-flags.ts";
import { checkName, checkUrl, collectTag } from "../options/option-values.ts";

const EXAMPLES = `
Examples:
  spanloom db stats --data ./spanloom-data
  spanloom db check --json
  spanloom db export traces.jsonl.gz
  spanloom db delete --service checkout --tag user=4711
  spanloom db backup /backups/spanloom-monday`;

/** Maintenance of the data folder, whether a collector is using it or not. */
export function addDb(program: Command): void {
  const run = () => import("./db-run.ts");
  const db = program.command("db").description("look after the data folder, also while a collector uses it");
  const command = (name: string, description: string, ...examples: readonly string[]) =>
    addConfigFlags(db.command(name).description(description))
      .option("--url <url>", "web UI address of the collector that uses the folder (default: as configured)", checkUrl)
      .option("--json", "print the result as JSON", false)
      .addHelpText("after", `\nExamples:\n${examples.map((example) => `  spanloom db ${example}`).join("\n")}`);

  command(
    "stats",
    "sizes, ages and forms of what is stored",
    "stats --data ./spanloom-data",
    "stats --json | jq .bytesPerSpan",
  ).action(async (flags: DbFlags) => (await run()).stats(flags));
  command(
    "check",
    "read everything with its checksums; exit code 1 when something is damaged",
    "check",
    "check --data backup --json | jq -r '.problems[].reason'",
  ).action(async (flags: DbFlags) => (await run()).check(flags));
  command(
    "compact",
    "seal all that every exporter has, and give back the space of what is deleted",
    "compact",
    "compact --data ./spanloom-data --json",
  ).action(async (flags: DbFlags) => (await run()).compact(flags));
  command("export", "write everything as OTLP JSON Lines", "export traces.jsonl.gz", "export - | head -1 | jq .")
    .argument("<file>", "file to write, gzip where it ends in .gz; - for standard output")
    .action(async (file: string, flags: DbFlags) => (await run()).exportTo(file, flags));
  command(
    "import",
    "store spans from OTLP JSON Lines, also .gz, beside what is there",
    "import traces.jsonl.gz",
    "import --data ./other-data monday.jsonl tuesday.jsonl",
  )
    .argument("<file...>", "recordings, one TracesData object a line")
    .action(async (files: string[], flags: DbFlags) => (await run()).importFrom(files, flags));
  command(
    "backup",
    "copy the data folder as it is at one moment: a collector can be started on the copy",
    "backup /backups/spanloom-monday",
    "backup --data /var/lib/spanloom /backups/spanloom-$(date +%F)",
  )
    .argument("<folder>", "folder to make")
    .action(async (folder: string, flags: DbFlags) => (await run()).backup(folder, flags));
  command(
    "delete",
    "delete traces: by id, by what a search finds, or everything",
    "delete 5b8efff798038103d269b633813fc60c",
    "delete --service checkout --tag user=4711",
    "delete --all --yes",
  )
    .argument("[trace-id...]", "ids of traces")
    .option("--service <name>", "traces with a span of this service", checkName)
    .option("--operation <name>", "traces with a span of this name", checkName)
    .option("--tag <key=value>", "traces with a span with this attribute (repeatable)", collectTag)
    .option("--start <time>", "spans from then on: microseconds since the epoch")
    .option("--end <time>", "spans up to then: microseconds since the epoch")
    .option("--all", "everything that is stored", false)
    .option("--yes", "do not ask before everything is deleted", false)
    .action(async (traceIds: string[], flags: DeleteFlags) => (await run()).remove(traceIds, flags));
  db.addHelpText("after", EXAMPLES);
}
