import { readDataFolder } from "../../../app/data-folder.ts";
import { materialiseBody } from "../../../codec/otlp/cut/materialise.ts";
import { tracesToJson } from "../../../codec/otlp/json/json-out.ts";
import { decodeTraces } from "../../../codec/otlp/message/decode.ts";
import type { SpanStore } from "../../../component/store.ts";
import { count } from "../../../query/text/readable.ts";
import type { ApiClient } from "../../client/api-client.ts";
import { isDataFolder, onCollectorOrFolder } from "../../client/db-access.ts";
import { collectorSource, foundIds, storeSource, type TraceSource } from "../../client/trace-source.ts";
import type { ExportFlags } from "../../options/db-flags.ts";
import { resolveConfig } from "../../options/resolve-config.ts";
import { searchQuery } from "../../options/search-conditions.ts";
import { reportIncomplete } from "../../output/incomplete.ts";
import { createProgress, type Progress } from "../../output/progress.ts";
import { WholeFile } from "../../output/whole-file.ts";

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

async function writeTo(path: string, lines: () => AsyncGenerator<string>): Promise<void> {
  const file = await WholeFile.create(path);
  try {
    for await (const line of lines()) await file.write(line);
  } catch (error) {
    await file.discard();
    throw error;
  }
  await file.finish();
}

function report(file: string, { json }: ExportFlags, numbers: object, text: string, reason: string | undefined): void {
  const answer = { file, ...numbers, ...(reason === undefined ? {} : { complete: false, reason }) };
  if (file !== "-") process.stdout.write(json ? `${JSON.stringify(answer)}\n` : `wrote ${text} to ${file}\n`);
  if (reason !== undefined) reportIncomplete(reason);
}
