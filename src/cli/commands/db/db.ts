import type { Command } from "commander";
import { addConfigFlags } from "../../options/config-flags.ts";
import { addTrustFlags } from "../../options/connection-flags.ts";
import type { DbFlags, DeleteFlags, ExportFlags, ResendFlags } from "../../options/db-flags.ts";
import { checkName, checkUrl, parseSince } from "../../options/option-values.ts";
import { addConditions, addTimes } from "../../options/search-conditions.ts";

const EXAMPLES = `
Examples:
  spanloom db stats --data ./spanloom-data
  spanloom db check --json
  spanloom db export traces.jsonl.gz
  spanloom db delete --service checkout --tag user=4711
  spanloom db backup /backups/spanloom-monday`;

/** Maintenance of the data folder, whether a collector is using it or not. */
export function addDb(program: Command): void {
  const reads = () => import("./db-read.ts");
  const changes = () => import("./db-change.ts");
  const db = program.command("db").description("look after the data folder, also while a collector uses it");
  const command = (name: string, description: string, ...examples: readonly string[]) =>
    addConfigFlags(db.command(name).description(description))
      .option("--json", "print the result as JSON", false)
      .addHelpText("after", `\nExamples:\n${examples.map((example) => `  spanloom db ${example}`).join("\n")}`);
  /** For what a running collector can do, too. */
  const withCollector = (made: Command) =>
    addTrustFlags(
      made.option(
        "--url <url>",
        "web UI address of the collector that has the data, instead of a folder (default: where the config says, when it uses the folder)",
        checkUrl,
      ),
    );

  command(
    "stats",
    "sizes, ages and forms of what is stored",
    "stats --data ./spanloom-data",
    "stats --json | jq .bytesPerSpan",
  ).action(async (flags: DbFlags) => (await reads()).stats(flags));
  command(
    "check",
    "read everything with its checksums; exit code 1 when something is damaged",
    "check",
    "check --data backup --json | jq -r '.problems[].reason'",
  ).action(async (flags: DbFlags) => (await reads()).check(flags));
  withCollector(
    command(
      "compact",
      "seal all that every exporter has, and give back the space of what is deleted",
      "compact",
      "compact --data ./spanloom-data --json",
    ),
  ).action(async (flags: DbFlags) => (await changes()).compact(flags));
  addTimes(
    addConditions(
      withCollector(
        command(
          "export",
          "write everything, or the traces that a search finds, as OTLP JSON Lines",
          "export traces.jsonl.gz",
          "export --service checkout --errors --lookback 1d failed.jsonl",
          "export --query '{ resource.service.name = \"web\" } >> { status = error }' failed.jsonl",
          "export --url http://127.0.0.1:16686 traces.jsonl",
          "export - | head -1 | jq .",
        ).argument("<file>", "file to write, gzip where it ends in .gz; - for standard output"),
      ),
    ),
  ).action(async (file: string, flags: ExportFlags) => (await import("./db-export.ts")).exportTo(file, flags));
  withCollector(
    command(
      "import",
      "store spans from OTLP JSON Lines, also .gz, beside what is there",
      "import traces.jsonl.gz",
      "import --data ./other-data monday.jsonl tuesday.jsonl",
    ).argument("<file...>", "recordings, one TracesData object a line"),
  ).action(async (files: string[], flags: DbFlags) => (await changes()).importFrom(files, flags));
  command(
    "backup",
    "copy the data folder as it is at one moment, for a collector to start on; exit code 1 when something could not be copied",
    "backup /backups/spanloom-monday",
    "backup --data /var/lib/spanloom /backups/spanloom-$(date +%F)",
  )
    .argument("<folder>", "folder to make")
    .action(async (folder: string, flags: DbFlags) => (await reads()).backup(folder, flags));
  addTimes(
    addConditions(
      withCollector(
        command(
          "delete",
          "delete traces: by id, by what a search finds, or everything",
          "delete 5b8efff798038103d269b633813fc60c",
          "delete --service checkout --tag user=4711",
          "delete --end 2026-03-01",
          "delete --query '{ span.user.id = 4711 }'",
          "delete --all --yes",
        ).argument(
          "[trace-id...]",
          "whole ids of traces, in any of the forms that `spanloom trace` takes; first digits alone delete nothing",
        ),
      ),
    ),
  )
    .option("--all", "everything that is stored", false)
    .option("--yes", "do not ask before everything is deleted", false)
    .action(async (traceIds: string[], flags: DeleteFlags) => (await changes()).remove(traceIds, flags));
  withCollector(
    command(
      "resend",
      "have an exporter send again what it has passed, from the log",
      "resend otlp/upstream --since 2h",
      "resend jaeger --since 2026-03-05T12:30",
      "resend zipkin --from-start --json",
    ).argument("<exporter>", "its key in the config, such as otlp/upstream", checkName),
  )
    .option("--since <time>", "what was received this recently, 30m, 2h, 3d, or since a time", parseSince)
    .option("--from-start", "all that is stored", false)
    .action(async (exporter: string, flags: ResendFlags) => (await changes()).resend(exporter, flags));
  db.addHelpText("after", EXAMPLES);
}
