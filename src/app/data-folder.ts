import { resolve } from "node:path";
import type { Host } from "../component/component.ts";
import { PermanentError } from "../component/errors.ts";
import type { Exporter } from "../component/export.ts";
import type { Logger } from "../component/logger.ts";
import { Metrics } from "../component/metrics.ts";
import type { SpanStore } from "../component/store.ts";
import { FolderReader } from "../storage/offline/folder-reader.ts";
import { openInlineStore } from "../storage/open-store.ts";
import { chooseDriver } from "../storage/sqlite/choose-driver.ts";
import { type Config, parseConfig } from "./config/config.ts";
import { createExporters } from "./store-modules/export.ts";
import * as ingestThread from "./store-modules/ingest.ts";
import * as queryThread from "./store-modules/query.ts";
import { createRegistryAddress } from "./store-modules/registry-address.ts";
import { storeSettings } from "./store-settings.ts";
import { readVersion } from "./version.ts";

/** Looks at the data folder of a config without changing it, also while a collector uses it. */
export function readDataFolder(config: Config): FolderReader {
  return new FolderReader(chooseDriver("auto"), folderOf(config));
}

/**
 * Opens the data folder of a config for writing, without listeners and without sending anything: exporters keep their
 * places. Throws PermanentError `data_folder_in_use` while a collector has it.
 */
export function openDataFolder(config: Config, logger: Logger): Promise<SpanStore> {
  folderOf(config);
  const host: Host = { logger, metrics: new Metrics(), userAgent: `spanloom/${readVersion()}` };
  // What is imported was chosen already.
  const { sampling } = parseConfig({}, { name: "defaults" });
  const settings = storeSettings({ ...config, sampling }, host, createRegistryAddress().memory);
  return openInlineStore(
    {
      ...settings,
      retention: { maxAgeMs: undefined, maxBytes: undefined },
      sealing: { enabled: false, minAgeMs: 0 },
    },
    {
      ingest: ingestThread,
      query: queryThread,
      export: {
        createExporters: async (exporters, host) =>
          // Without their filters, which would let the cursors pass spans.
          (await createExporters(exporters, host)).map(({ filter: _, ...configured }) => ({
            ...configured,
            exporter: WAITING,
          })),
      },
    },
  );
}

/** Never delivers, so that the cursor stays where it is. */
const WAITING: Exporter = {
  async start() {},
  async shutdown() {},
  export: (_fragments, signal) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    }),
};

function folderOf(config: Config): string {
  if (config.storage.kind === "memory") {
    throw new PermanentError("bad_request", "the config keeps spans in memory: there is no data folder to work on");
  }
  return resolve(config.storage.path);
}
