import type { StoreSettings } from "../../../src/component/store.ts";
import { IngestCore } from "../../../src/storage/log/ingest-core.ts";
import { fileAccess, StoredSource } from "../../../src/storage/log/stored-source.ts";
import { recordingHost } from "../host.ts";
import { scannerPipeline } from "./batches.ts";
import { testDriver } from "./driver.ts";
import { storeSettings } from "./rig.ts";

export interface OpenFolder {
  readonly core: IngestCore;
  /** What readers of the folder see. */
  readonly source: StoredSource;
  readonly host: ReturnType<typeof recordingHost>;
  /** What readers met that is not what was written; nothing is put aside for it. */
  readonly damaged: readonly string[];
  close(): void;
}

/** The writing side of the store on a folder, in this thread, and a reader. Throws as IngestCore. */
export function openFolder(path: string, changes: Partial<StoreSettings> = {}, driver = testDriver): OpenFolder {
  const host = recordingHost();
  const core = new IngestCore({
    settings: storeSettings(path, host, changes),
    driver,
    pipeline: scannerPipeline(),
    host,
    release: async () => {},
  });
  const damaged: string[] = [];
  const source = new StoredSource(fileAccess(driver, path), (_, reason) => damaged.push(reason));
  const close = () => {
    source.close();
    core.close();
  };
  return { core, source, host, damaged, close };
}
