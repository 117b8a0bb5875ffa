import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { readDataFolder } from "../../app/data-folder.ts";
import { deleteMatching } from "../../app/ui-port/admin-routes.ts";
import { materialiseBody } from "../../codec/otlp/cut/materialise.ts";
import { tracesToJson } from "../../codec/otlp/json/json-out.ts";
import { decodeTraces } from "../../codec/otlp/message/decode.ts";
import { PermanentError } from "../../component/errors.ts";
import { parseTraceId } from "../../model/ids.ts";
import { checkRecording } from "../../replay/recording.ts";
import { replay } from "../../replay/replay.ts";
import { onCollectorOrFolder, postAdmin } from "../client/db-access.ts";
import type { DbFlags, DeleteFlags } from "../options/db-flags.ts";
import { tagsJson } from "../options/option-values.ts";
import { resolveConfig } from "../options/resolve-config.ts";
import { badLineReporter } from "../output/bad-lines.ts";
import { EXIT } from "../output/exit-codes.ts";
import { table } from "../output/format.ts";
import { createProgress } from "../output/progress.ts";
import { importFiles } from "./db-import.ts";

export async function stats(flags: DbFlags): Promise<void> {
  const reader = readDataFolder(await resolveConfig(flags, process.env));
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

export async function check(flags: DbFlags): Promise<void> {
  const reader = readDataFolder(await resolveConfig(flags, process.env));
  const progress = await createProgress("segments", flags.json);
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

export async function compact(flags: DbFlags): Promise<void> {
  const config = await resolveConfig(flags, process.env);
  const before = await sizeOf(flags);
  const progress = await createProgress("segments", flags.json);
  let segments: number;
  try {
    segments = await onCollectorOrFolder(config, flags.url, {
      collector: async (base) => (await postAdmin<{ segments: number }>(base, "compact", {})).segments,
      folder: (store) => store.compact((done) => progress.update(done, before.segments, "sealed")),
    });
  } finally {
    progress.stop();
  }
  const after = await sizeOf(flags);
  if (flags.json) print({ segments, bytesBefore: before.bytes, bytesAfter: after.bytes });
  else {
    process.stdout.write(
      `rewrote ${segments} segments: ${mebibytes(before.bytes)} MiB before, ${mebibytes(after.bytes)} MiB now\n`,
    );
  }
}

export async function exportTo(file: string, flags: DbFlags): Promise<void> {
  const reader = readDataFolder(await resolveConfig(flags, process.env));
  const progress = await createProgress("rows", flags.json);
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

export async function importFrom(files: string[], flags: DbFlags): Promise<void> {
  // Before a data folder is made for nothing.
  for (const file of files) await checkRecording(file);
  const config = await resolveConfig(flags, process.env);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const progress = await createProgress("lines", flags.json);
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

export async function backup(folder: string, flags: DbFlags): Promise<void> {
  const reader = readDataFolder(await resolveConfig(flags, process.env));
  const progress = await createProgress("segments", flags.json);
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

export async function remove(traceIds: string[], flags: DeleteFlags): Promise<void> {
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
  const result = await onCollectorOrFolder(await resolveConfig(flags, process.env), flags.url, {
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

async function sizeOf(flags: DbFlags): Promise<{ bytes: number; segments: number }> {
  const reader = readDataFolder(await resolveConfig(flags, process.env));
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
