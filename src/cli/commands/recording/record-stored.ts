import { readDataFolder } from "../../../app/data-folder.ts";
import { materialiseBody } from "../../../codec/otlp/cut/materialise.ts";
import { decodeTraces } from "../../../codec/otlp/message/decode.ts";
import { PermanentError } from "../../../component/errors.ts";
import type { SpanStore } from "../../../component/store.ts";
import { count } from "../../../query/text/readable.ts";
import type { ApiClient } from "../../client/api-client.ts";
import { isDataFolder, onCollectorOrFolder } from "../../client/db-access.ts";
import { collectorSource, foundIds, storeSource, type TraceSource } from "../../client/trace-source.ts";
import { resolveConfig } from "../../options/resolve-config.ts";
import { searchQuery } from "../../options/search-conditions.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { createProgress, type Progress } from "../../output/progress.ts";
import type { RecordFlags } from "./record.ts";
import { Recorder } from "./recorder.ts";

const ID_BYTES = 16;

/**
 * Records what is stored: a whole folder in the order in which it came, or the traces that a search finds, the oldest
 * first, each whole.
 */
export async function recordStored(flags: RecordFlags): Promise<void> {
  const query = searchQuery(flags);
  const config = await resolveConfig(flags, process.env);
  const inFolder = flags.url === undefined && config.storage.kind !== "memory" && isDataFolder(config.storage.path);
  const whole = query.size === 0 && inFolder;
  const recorder = await Recorder.create(flags);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const progress = await createProgress(whole ? "blocks" : "traces", flags.json);
  try {
    await (whole ? recordFolder : recordFound)(flags, query, recorder, progress, stop.signal);
  } catch (error) {
    await recorder.discard();
    throw error;
  } finally {
    progress.stop();
  }
  if (!stop.signal.aborted) return recorder.finish(false);
  await recorder.discard();
  process.stderr.write(`spanloom: stopped: nothing was written to ${flags.out}\n`);
  process.exitCode = EXIT.interrupted;
}

async function recordFolder(
  flags: RecordFlags,
  _query: URLSearchParams,
  recorder: Recorder,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const reader = readDataFolder(await resolveConfig(flags, process.env));
  try {
    const onBlock = (done: number, total: number) => progress.update(done, total, count(recorder.spans, "span"));
    for await (const fragment of reader.fragments(onBlock)) {
      if (signal.aborted || recorder.isFull) break;
      await recorder.add(decodeTraces(materialiseBody([fragment])));
    }
    const missing = reader.missing();
    if (missing !== undefined) recorder.lacks(missing);
  } finally {
    reader.close();
  }
}

async function recordFound(
  flags: RecordFlags,
  query: URLSearchParams,
  recorder: Recorder,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const onGap = (gap: string) => recorder.lacks(gap);
  recorder.noTraces();
  const copy = async (source: TraceSource) => {
    const ids = await idsOf(source, query, onGap, signal);
    const total = ids.length / ID_BYTES;
    // Found newest first.
    for (let left = total; left > 0 && !signal.aborted && !recorder.isFull; left--) {
      await recordTrace(source, ids.toString("hex", (left - 1) * ID_BYTES, left * ID_BYTES), recorder);
      progress.update(total - left + 1, total, count(recorder.spans, "span"));
    }
  };
  const ways = {
    collector: (client: ApiClient) => copy(collectorSource(client)),
    folder: (store: SpanStore) => copy(storeSource(store, onGap)),
  };
  await onCollectorOrFolder(flags, ways, { onIncomplete: onGap });
}

async function recordTrace(source: TraceSource, id: string, recorder: Recorder): Promise<void> {
  let json: string;
  try {
    json = await source.trace(id);
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== "not_found") throw error;
    return recorder.lacks(`trace ${id} was deleted before it was recorded`);
  }
  await recorder.addTrace(json);
}

/** Sixteen bytes a trace: a search may find a million. */
async function idsOf(
  source: TraceSource,
  query: URLSearchParams,
  onGap: (reason: string) => void,
  signal: AbortSignal,
): Promise<Buffer> {
  let ids = Buffer.alloc(ID_BYTES << 10);
  let length = 0;
  for await (const id of foundIds(source, query, onGap)) {
    if (signal.aborted) break;
    if (length === ids.length) ids = Buffer.concat([ids, Buffer.alloc(ids.length)]);
    length += ids.write(id, length, ID_BYTES, "hex");
  }
  return ids.subarray(0, length);
}
