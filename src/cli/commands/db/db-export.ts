import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { readDataFolder } from "../../../app/data-folder.ts";
import { materialiseBody } from "../../../codec/otlp/cut/materialise.ts";
import { tracesToJson } from "../../../codec/otlp/json/json-out.ts";
import { decodeTraces } from "../../../codec/otlp/message/decode.ts";
import { PermanentError, RetryableError } from "../../../component/errors.ts";
import type { OnGap } from "../../../component/read.ts";
import { fileReason } from "../../../component/reasons.ts";
import type { SpanStore } from "../../../component/store.ts";
import { count } from "../../../query/text/readable.ts";
import { parseTraceqlSearch } from "../../../query/traceql-params.ts";
import type { UiSearchResponse } from "../../../query/ui/api-types.ts";
import type { ApiClient } from "../../client/api-client.ts";
import { isDataFolder, onCollectorOrFolder } from "../../client/db-access.ts";
import type { ExportFlags } from "../../options/db-flags.ts";
import { resolveConfig } from "../../options/resolve-config.ts";
import { searchQuery } from "../../options/search-conditions.ts";
import { reportIncomplete } from "../../output/incomplete.ts";
import { createProgress, type Progress } from "../../output/progress.ts";
import { write } from "../../output/write.ts";

const PAGE = 500;

/** Writes what is stored: a dump of the folder where nothing says less, else trace by trace what a search finds. */
export async function exportTo(file: string, flags: ExportFlags): Promise<void> {
  const query = searchQuery(flags);
  const config = await resolveConfig(flags, process.env);
  const inFolder = flags.url === undefined && config.storage.kind !== "memory" && isDataFolder(config.storage.path);
  const progress = await createProgress(query.size === 0 && inFolder ? "rows" : "traces", flags.json);
  try {
    if (query.size === 0 && inFolder) await exportFolder(file, flags, progress);
    else await exportFound(file, flags, query, progress);
  } finally {
    progress.stop();
  }
}

async function exportFolder(file: string, flags: ExportFlags, progress: Progress): Promise<void> {
  const reader = readDataFolder(await resolveConfig(flags, process.env));
  let spans = 0;
  let reason: string | undefined;
  const lines = async function* () {
    for await (const fragment of reader.fragments((done, total) =>
      progress.update(done, total, count(spans, "span")),
    )) {
      spans += fragment.rows.length;
      yield `${tracesToJson(decodeTraces(materialiseBody([fragment])))}\n`;
    }
  };
  try {
    await writeTo(file, lines);
    reason = reader.missing();
  } finally {
    reader.close();
  }
  progress.stop();
  report(file, flags, { spans }, count(spans, "span"), reason);
}

/** Where traces are read from: a collector, or the store of a folder. */
interface TraceSource {
  page(query: URLSearchParams): Promise<Omit<UiSearchResponse, "traces"> & { readonly ids: readonly string[] }>;
  /** OTLP JSON. */
  trace(id: string): Promise<string>;
}

async function exportFound(
  file: string,
  flags: ExportFlags,
  query: URLSearchParams,
  progress: Progress,
): Promise<void> {
  let traces = 0;
  let reason: string | undefined;
  const onGap = (gap: string) => {
    reason ??= gap;
  };
  const copy = (source: TraceSource) =>
    writeTo(file, async function* () {
      for await (const id of foundIds(source, query, onGap)) {
        yield `${await source.trace(id)}\n`;
        progress.count(++traces, "written");
      }
    });
  const ways = {
    collector: (client: ApiClient) => copy(collectorSource(client)),
    folder: (store: SpanStore) => copy(storeSource(store, onGap)),
  };
  await onCollectorOrFolder(flags, ways, { onIncomplete: onGap });
  progress.stop();
  report(file, flags, { traces }, count(traces, "trace"), reason);
}

async function* foundIds(source: TraceSource, query: URLSearchParams, onGap: OnGap): AsyncGenerator<string> {
  let after: string | undefined;
  do {
    const page = new URLSearchParams(query);
    page.set("limit", String(PAGE));
    if (after !== undefined) page.set("after", after);
    const { ids, complete, reason, searchedBackToUnixNano, next } = await source.page(page);
    yield* ids;
    if (searchedBackToUnixNano !== undefined) {
      throw new RetryableError("overloaded", "the search took too long: give a shorter time range");
    }
    if (!complete) onGap(reason ?? "not everything was looked at");
    after = next;
  } while (after !== undefined);
}

function collectorSource(client: ApiClient): TraceSource {
  return {
    async page(query) {
      const { traces, ...rest } = await client.json<UiSearchResponse>(`api/ui/search?${query}`);
      return { ...rest, ids: traces.map(({ traceId }) => traceId) };
    },
    trace: (id) => client.text(`api/ui/traces/${id}/download?format=otlp`),
  };
}

function storeSource(store: SpanStore, onGap: OnGap): TraceSource {
  const { signal } = new AbortController();
  const view = async (name: string, params: unknown) => {
    const { body, incomplete } = await store.view(name, params, signal);
    if (incomplete !== undefined) onGap(incomplete);
    return Buffer.from(body).toString("utf8");
  };
  return {
    async page(params) {
      const query = parseTraceqlSearch(params, BigInt(Date.now()) * 1_000_000n);
      const { traces, ...rest } = JSON.parse(await view("ui.search", { query })) as UiSearchResponse;
      return { ...rest, ids: traces.map(({ traceId }) => traceId) };
    },
    trace: (traceId) => view("ui.download", { traceId, format: "otlp" }),
  };
}

async function writeTo(file: string, lines: () => AsyncGenerator<string>): Promise<void> {
  if (file === "-") {
    for await (const line of lines()) await write(process.stdout, line);
    return;
  }
  try {
    if (file.endsWith(".gz")) await pipeline(lines, createGzip({ level: 6 }), createWriteStream(file));
    else await pipeline(lines, createWriteStream(file));
  } catch (error) {
    if (!/^E[A-Z]+$/.test((error as NodeJS.ErrnoException).code ?? "")) throw error;
    throw new PermanentError("bad_request", `${file}: cannot be written: ${fileReason(error)}`, { cause: error });
  }
}

function report(file: string, { json }: ExportFlags, numbers: object, text: string, reason: string | undefined): void {
  const answer = { file, ...numbers, ...(reason === undefined ? {} : { complete: false, reason }) };
  if (file !== "-") process.stdout.write(json ? `${JSON.stringify(answer)}\n` : `wrote ${text} to ${file}\n`);
  if (reason !== undefined) reportIncomplete(reason);
}
