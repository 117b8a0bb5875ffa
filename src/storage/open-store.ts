import { endianness } from "node:os";
import { PermanentError } from "../component/errors.ts";
import type { SpanStore, StoreSettings } from "../component/store.ts";
import type { InlineModules } from "./threads/start-inline.ts";
import { startWorkers } from "./threads/start-workers.ts";
import { StoreClient } from "./threads/store-client.ts";
import type { StoreThreads } from "./threads/store-threads.ts";

/**
 * Opens the store: `sqlite` in worker threads on the data folder, `memory` in the calling thread with what
 * `loadModules` gives; only then is any of the engine loaded here. Resolves when it takes batches and answers views.
 * Throws PermanentError: data_folder_in_use, data_folder_unusable, data_format_unknown, unsupported; and what the
 * application's modules throw. Nothing stays open then. `byteOrder` is the machine's.
 */
export async function openStore(
  settings: StoreSettings,
  loadModules?: () => Promise<InlineModules>,
  byteOrder: ByteOrder = endianness(),
): Promise<SpanStore> {
  checkByteOrder(byteOrder);
  if (settings.kind === "sqlite") return client(settings, await startWorkers(settings));
  if (loadModules === undefined) {
    throw new PermanentError("internal", "the store in memory runs inline and needs the modules themselves");
  }
  return openInlineStore(settings, await loadModules(), byteOrder);
}

/** The store of either kind in the calling thread. */
export async function openInlineStore(
  settings: StoreSettings,
  modules: InlineModules,
  byteOrder: ByteOrder = endianness(),
): Promise<SpanStore> {
  checkByteOrder(byteOrder);
  const { startInline: openInline } = await import("./threads/start-inline.ts");
  return client(settings, await openInline(settings, modules));
}

type ByteOrder = ReturnType<typeof endianness>;

/** Columns and blooms are stored as the machine's own 32-bit words, and read as little-endian ones. */
function checkByteOrder(order: ByteOrder): void {
  if (order === "LE") return;
  throw new PermanentError(
    "unsupported",
    "this machine has big-endian byte order, in which spans cannot be stored: run the collector on a little-endian machine " +
      "(x64 or arm64, for example)",
  );
}

function client(settings: StoreSettings, threads: StoreThreads): StoreClient {
  return new StoreClient(threads, settings.host, settings.sealing?.enabled);
}
