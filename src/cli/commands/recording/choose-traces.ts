import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../../app/config/config.ts";
import { openDataFolder } from "../../../app/data-folder.ts";
import { SILENT_LOGGER } from "../../../component/logger.ts";
import { parseTraceqlSearch } from "../../../query/traceql-params.ts";
import { foundIds, storeSource } from "../../client/trace-source.ts";
import { importFiles } from "../db/db-import.ts";

/**
 * Ids of the traces of recordings that a query in TraceQL finds, in hex. It is asked of a store on the disk that holds
 * them for as long: what matches is what a search would find.
 * @throws PermanentError `bad_request` for what is no query
 */
export async function chooseTraces(
  files: readonly string[],
  traceql: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const query = new URLSearchParams({ q: traceql });
  // Before everything is read for nothing.
  parseTraceqlSearch(query, 0n);
  const folder = await mkdtemp(join(tmpdir(), "spanloom-replay-"));
  try {
    const config = parseConfig(
      { storage: { path: join(folder, "data"), synchronous: "normal" } },
      { name: "the store of --query" },
    );
    const store = await openDataFolder(config, SILENT_LOGGER);
    try {
      await importFiles(store, files, { signal, onProgress() {}, onBadLine() {} });
      const ids = new Set<string>();
      for await (const id of foundIds(
        storeSource(store, () => {}),
        query,
        () => {},
      )) {
        if (signal.aborted) break;
        ids.add(id);
      }
      return ids;
    } finally {
      await store.close(AbortSignal.abort());
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
