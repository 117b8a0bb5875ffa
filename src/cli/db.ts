import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Command } from "commander";
import { deleteMatching } from "../app/admin-routes.ts";
import { readDataFolder } from "../app/data-folder.ts";
import { decodeTraces } from "../codec/otlp/decode.ts";
import { tracesToJson } from "../codec/otlp/json-out.ts";
import { materialiseBody } from "../codec/otlp/materialise.ts";
import { PermanentError } from "../component/errors.ts";
import { parseTraceId } from "../model/ids.ts";
import { checkRecording } from "../testing/recording.ts";
import { replay } from "../testing/replay.ts";
import { badLineReporter } from "./bad-lines.ts";
import { addConfigFlags, type ConfigFlags, resolveConfig } from "./config-flags.ts";
import { onCollectorOrFolder, postAdmin } from "./db-access.ts";
import { importFiles } from "./db-import.ts";
import { EXIT } from "./exit-codes.ts";
import { table } from "./format.ts";
import { checkName, checkUrl, collectTag, tagsJson } from "./option-values.ts";
import { createProgress } from "./progress.ts";

interface DbFlags extends ConfigFlags {
  readonly url?: string;
  readonly json: boolean;
}

interface DeleteFlags extends DbFlags {
  readonly all: boolean;
  readonly yes: boolean;
  readonly service?: string;
  readonly operation?: string;
  readonly tag?: readonly string[];
  readonly start?: string;
  readonly end?: string;
}

/** Maintenance of the data folder, whether a collector is using it or not. */
export function addDb(program: Command): void {
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
  ).action(stats);
  command(
    "check",
    "read everything with its checksums; exit code 1 when something is damaged",
    "check",
    "check --data backup --json | jq -r '.problems[].reason'",
  ).action(check);
  command(
    "compact",
    "seal all that every exporter has, and give back the space of what is deleted",
    "compact",
    "compact --data ./spanloom-data --json",
  ).action(compact);
  command("export", "write everything as OTLP JSON Lines", "export traces.jsonl.gz", "export - | head -1 | jq .")
    .argument("<file>", "file to write, gzip where it ends in .gz; - for standard output")
    .action(exportTo);
  command(
    "import",
    "store spans from OTLP JSON Lines, also .gz, beside what is there",
    "import traces.jsonl.gz",
    "import --data ./other-data monday.jsonl tuesday.jsonl",
  )
    .argument("<file...>", "recordings, one TracesData object a line")
    .action(importFrom);
  command(
    "backup",
    "copy the data folder as it is at one moment: a collector can be started on the copy",
    "backup /backups/spanloom-monday",
    "backup --data /var/lib/spanloom /backups/spanloom-$(date +%F)",
  )
    .argument("<folder>", "folder to make")
    .action(backup);
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
    .action(remove);
  db.addHelpText(
    "after",
    `
Examples:
  spanloom db stats --data ./spanloom-data
  spanloom db check --json
  spanloom db export traces.jsonl.gz
  spanloom db delete --service checkout --tag user=4711
  spanloom db backup /backups/spanloom-monday`,
  );
}

async function stats(flags: DbFlags): Promise<void> {
  const reader = readDataFolder(resolveConfig(flags, process.env));
  try {
    const report = reader.stats();
    if (flags.json) {
      print(report);
      return;
    }
    const rows = report.segments.map((segment) => [
      String(segment.segment),
      segment.sealed ? "sealed" : segment.state,
      String(segment.spans),
      mebibytes(segment.bytes),
      segment.spans === 0 ? "-" : (segment.bytes / segment.spans).toFixed(1),
      time(segment.oldestMs),
      time(segment.newestMs),
    ]);
    process.stdout.write(
      table(["segment", "form", "spans", "MiB", "bytes/span", "oldest", "newest"], rows, [0, 2, 3, 4]),
    );
    process.stdout.write(
      `${report.spans} spans in ${mebibytes(report.bytes)} MiB, ${report.bytesPerSpan} bytes a span; ` +
        `${mebibytes(report.otherBytes)} MiB for rates, cursors and lists; ${mebibytes(report.free)} MiB free on the disk\n`,
    );
    if (report.tombstones > 0) {
      process.stdout.write(`${report.tombstones} deleted traces still take space: spanloom db compact\n`);
    }
    for (const file of report.damagedFiles) process.stdout.write(`put aside as damaged: ${file}\n`);
  } finally {
    reader.close();
  }
}

async function check(flags: DbFlags): Promise<void> {
  const reader = readDataFolder(resolveConfig(flags, process.env));
  const progress = createProgress("segments", flags.json);
  try {
    const report = await reader.check((done, total) => progress.update(done, total, ""));
    progress.stop();
    const bad = report.problems.length + report.damagedFiles.length;
    if (flags.json) print({ ok: bad === 0, ...report });
    else {
      for (const problem of report.problems) {
        const where = "file" in problem ? problem.file : `segment ${problem.segment}`;
        process.stdout.write(`${where}: ${problem.reason}\n`);
      }
      for (const file of report.damagedFiles) process.stdout.write(`put aside as damaged: ${file}\n`);
      process.stdout.write(
        `${bad === 0 ? "all well" : `${bad} problems`}: ${report.spans} spans in ${report.rows} rows of ${report.segments} segments\n`,
      );
    }
    if (bad > 0) process.exitCode = EXIT.failed;
  } finally {
    progress.stop();
    reader.close();
  }
}

async function compact(flags: DbFlags): Promise<void> {
  const config = resolveConfig(flags, process.env);
  const before = sizeOf(flags);
  const progress = createProgress("segments", flags.json);
  let segments: number;
  try {
    segments = await onCollectorOrFolder(config, flags.url, {
      collector: async (base) => (await postAdmin<{ segments: number }>(base, "compact", {})).segments,
      folder: (store) => store.compact((done) => progress.update(done, before.segments, "sealed")),
    });
  } finally {
    progress.stop();
  }
  const after = sizeOf(flags);
  if (flags.json) print({ segments, bytesBefore: before.bytes, bytesAfter: after.bytes });
  else {
    process.stdout.write(
      `rewrote ${segments} segments: ${mebibytes(before.bytes)} MiB before, ${mebibytes(after.bytes)} MiB now\n`,
    );
  }
}

async function exportTo(file: string, flags: DbFlags): Promise<void> {
  const reader = readDataFolder(resolveConfig(flags, process.env));
  const progress = createProgress("rows", flags.json);
  let spans = 0;
  const lines = async function* () {
    for await (const fragment of reader.fragments((done, total) => progress.update(done, total, `${spans} spans`))) {
      spans += fragment.rows.length;
      yield `${tracesToJson(decodeTraces(materialiseBody([fragment])))}\n`;
    }
  };
  try {
    if (file === "-") {
      for await (const line of lines()) await written(process.stdout, line);
    } else if (file.endsWith(".gz")) await pipeline(lines, createGzip({ level: 6 }), createWriteStream(file));
    else await pipeline(lines, createWriteStream(file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
    throw new PermanentError("bad_request", `${file}: cannot be written: ${message}`, { cause: error });
  } finally {
    progress.stop();
    reader.close();
  }
  if (flags.json && file !== "-") print({ file, spans });
  else if (file !== "-") process.stdout.write(`wrote ${spans} spans to ${file}\n`);
}

async function importFrom(files: string[], flags: DbFlags): Promise<void> {
  // Before a data folder is made for nothing.
  for (const file of files) await checkRecording(file);
  const config = resolveConfig(flags, process.env);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const progress = createProgress("lines", flags.json);
  const onBadLine = badLineReporter();
  let summary: { spans: number; rejectedSpans: number; badLines: number; interrupted: boolean };
  try {
    summary = await onCollectorOrFolder(config, flags.url, {
      collector: () =>
        replay({
          files,
          endpoint: `http://${config.receivers.otlp.protocols.http?.endpoint ?? "127.0.0.1:4318"}`,
          speed: "max",
          at: "original",
          freshIds: false,
          signal: stop.signal,
          onProgress: ({ requests, totalRequests, spans }) =>
            progress.update(requests, totalRequests, `${spans} spans`),
          onBadLine,
        }),
      folder: (store) =>
        importFiles(store, files, {
          signal: stop.signal,
          onBadLine,
          onProgress: (lines, spans) => progress.update(lines, lines, `${spans} spans`),
        }),
    });
  } finally {
    progress.stop();
  }
  const { spans, rejectedSpans, badLines, interrupted } = summary;
  if (flags.json) print({ spans, rejectedSpans, badLines, interrupted });
  else {
    process.stdout.write(`${interrupted ? "stopped after" : "stored"} ${spans} spans\n`);
    if (rejectedSpans > 0) process.stdout.write(`refused: ${rejectedSpans} spans\n`);
  }
  if (interrupted) process.exitCode = EXIT.interrupted;
  else if (badLines > 0 || rejectedSpans > 0) process.exitCode = EXIT.failed;
}

async function backup(folder: string, flags: DbFlags): Promise<void> {
  const reader = readDataFolder(resolveConfig(flags, process.env));
  const progress = createProgress("segments", flags.json);
  try {
    const { segments } = await reader.backup(folder, (done, total) => progress.update(done, total, ""));
    progress.stop();
    if (flags.json) print({ folder, segments });
    else process.stdout.write(`copied ${segments} segments to ${folder}; try it: spanloom db check --data ${folder}\n`);
  } finally {
    progress.stop();
    reader.close();
  }
}

async function remove(traceIds: string[], flags: DeleteFlags): Promise<void> {
  const query = searchOf(flags);
  const given = [traceIds.length > 0, query !== undefined, flags.all].filter(Boolean).length;
  if (given !== 1) {
    throw new PermanentError("bad_request", "say what to delete: trace ids, a search (--service, --tag, …), or --all");
  }
  if (flags.all && !flags.yes) {
    throw new PermanentError("bad_request", "this deletes everything that is stored: say --all --yes");
  }
  const ids = traceIds.map((text) => {
    const id = parseTraceId(text);
    if (id === undefined) throw new PermanentError("bad_request", `${text}: expected a trace id of 1 to 32 hex digits`);
    return id;
  });
  const what = flags.all ? { all: true } : query === undefined ? { traceIds } : { query };
  const result = await onCollectorOrFolder(resolveConfig(flags, process.env), flags.url, {
    collector: (base) => postAdmin<{ traces?: number }>(base, "delete", what),
    folder: async (store): Promise<{ traces?: number }> => {
      if (flags.all) await store.deleteAll();
      else if (query !== undefined) return { traces: await deleteMatching(store, query, new AbortController().signal) };
      else await store.deleteTraces(ids);
      return flags.all ? {} : { traces: ids.length };
    },
  });
  if (flags.json) print({ deleted: flags.all ? "all" : result.traces });
  else process.stdout.write(flags.all ? "deleted everything\n" : `deleted ${result.traces} traces\n`);
}

/** Parameters of a search; undefined where no flag gives any. */
function searchOf({ service, operation, tag, start, end }: DeleteFlags): Record<string, string> | undefined {
  const query: Record<string, string> = {
    ...(service === undefined ? {} : { service }),
    ...(operation === undefined ? {} : { operation }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  };
  if (tag !== undefined) {
    query.tags = tagsJson(tag);
  }
  return Object.keys(query).length === 0 ? undefined : query;
}

function sizeOf(flags: DbFlags): { bytes: number; segments: number } {
  const reader = readDataFolder(resolveConfig(flags, process.env));
  try {
    const { bytes, segments } = reader.stats();
    return { bytes, segments: segments.length };
  } finally {
    reader.close();
  }
}

async function written(stream: Writable, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, "drain");
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}

function time(ms: number | null): string {
  return ms === null ? "-" : new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}
