import { createReadStream, existsSync } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { JsonTraces } from "../../../codec/otlp/json/json-in.ts";
import { Refusals } from "../../../codec/otlp/message/refusals.ts";
import { NO_SPAN_LIMITS } from "../../../codec/otlp/message/span-limits.ts";
import { TraceScanner } from "../../../codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../../codec/otlp/scan/scan-result.ts";
import { PermanentError } from "../../../component/errors.ts";
import { fileReason } from "../../../component/reasons.ts";
import { count } from "../../../query/text/readable.ts";
import type { UiSearchResponse } from "../../../query/ui/api-types.ts";
import { readRecording } from "../../../replay/recording.ts";
import { beginsAsRunFile, readRunFile } from "../../../runs/file/read-run-file.ts";
import { buildPopulation } from "../../../runs/population/build-population.ts";
import type { RunPopulation } from "../../../runs/population/population.ts";
import { SpanTable } from "../../../runs/population/span-table.ts";
import { ApiClient } from "../../client/api-client.ts";
import type { ConnectionFlags } from "../../options/connection-flags.ts";
import { badLineReporter } from "../../output/bad-lines.ts";
import { noSuchRun, runFileOf } from "./run-places.ts";

const PAGE = 500;
/** Traces that are asked for at once. */
const TOGETHER = 8;
const BEGINNING = 64;

export interface SourceFlags extends ConnectionFlags {
  readonly runs: string;
  /** Lines of recordings that cannot be read are left out, and counted. */
  readonly skipBad: boolean;
}

/** A run with what a report calls it. */
export interface LoadedRun {
  readonly name: string;
  readonly population: RunPopulation;
}

/**
 * The run that a word of the command line names: TraceQL over a collector, a file (a run's, or a recording), or a
 * label.
 * @throws PermanentError `not_found`, `malformed`, `data_format_unknown`, `bad_request`, `unreachable`
 */
export async function loadRun(word: string, flags: SourceFlags): Promise<LoadedRun> {
  if (word.trimStart().startsWith("{")) return { name: word, population: await ofQuery(word, flags) };
  const kept = runFileOf(flags.runs, word);
  const file = existsSync(kept) ? kept : word;
  if (!existsSync(file)) throw noSuchRun(flags.runs, word);
  if (!beginsAsRunFile(await beginningOf(file)))
    return { name: word, population: await ofRecording(file, flags.skipBad) };
  const { label, population } = readRunFile(file, await wholeText(file));
  if (population.traces === 0) throw empty(file);
  return { name: label, population };
}

/** The first characters of a file; `.gz` is inflated. */
async function beginningOf(file: string): Promise<string> {
  let text = "";
  for await (const chunk of inflated(file)) {
    text += String(chunk);
    if (text.length >= BEGINNING) break;
  }
  return text;
}

async function wholeText(file: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of inflated(file)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

async function* inflated(file: string): AsyncGenerator<unknown> {
  const input = createReadStream(file);
  try {
    yield* file.endsWith(".gz") ? pipeline(input, createGunzip(), () => {}) : input;
  } catch (error) {
    throw new PermanentError("malformed", `${file}: cannot be read: ${fileReason(error)}`, { cause: error });
  } finally {
    input.destroy();
  }
}

async function ofRecording(file: string, skipBad: boolean): Promise<RunPopulation> {
  const { table, add } = scanned();
  const badLine = badLineReporter();
  let bad = 0;
  const onBadLine = (line: number, reason: string) => {
    bad++;
    badLine(file, line, reason);
  };
  for await (const { body } of readRecording(file, { onBadLine })) add(body);
  if (bad > 0) {
    const text = `${file}: ${count(bad, "line")} could not be read`;
    if (!skipBad) {
      const expected = "expected a run's file, or OTLP JSON Lines; --skip-bad leaves them out";
      throw new PermanentError("malformed", `${text}; ${expected}`);
    }
    process.stderr.write(`spanloom: ${text}, and what they hold is not compared\n`);
  }
  if (table.count === 0) throw empty(file);
  return buildPopulation(table);
}

async function ofQuery(query: string, flags: SourceFlags): Promise<RunPopulation> {
  const client = new ApiClient(flags, (reason) => {
    throw new PermanentError("bad_request", `not all traces of ${query} could be read: ${reason}`);
  });
  const { table, add } = scanned();
  let after: string | undefined;
  do {
    const page = new URLSearchParams({ q: query, limit: String(PAGE), ...(after === undefined ? {} : { after }) });
    const answer = await client.json<UiSearchResponse>(`api/ui/search?${page}`);
    if (!answer.complete) throw new PermanentError("bad_request", `${query}: the search came to no end: narrow it`);
    const ids = answer.traces.map(({ traceId }) => traceId);
    for (let at = 0; at < ids.length; at += TOGETHER) {
      const texts = ids.slice(at, at + TOGETHER).map((id) => client.bytes(`api/ui/traces/${id}/download?format=otlp`));
      for (const bytes of await Promise.all(texts)) {
        add(new JsonTraces(new Uint8Array(bytes), NO_SPAN_LIMITS, new Refusals()).whole().body);
      }
    }
    after = answer.next;
  } while (after !== undefined);
  if (table.count === 0) throw empty(query);
  return buildPopulation(table);
}

/** A table that takes OTLP protobuf. */
function scanned() {
  const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
  const table = new SpanTable();
  const add = (body: Uint8Array) => {
    const { columns } = scanner.scan(body);
    table.add(
      columns,
      Array.from({ length: columns.count }, (_, row) => row),
    );
  };
  return { table, add };
}

function empty(name: string): PermanentError {
  return new PermanentError("not_found", `${name}: the run is empty: no span is in it`);
}
