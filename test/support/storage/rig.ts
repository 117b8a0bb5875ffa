import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host } from "../../../src/component/component.ts";
import type { StoreSettings } from "../../../src/component/store.ts";

export { eventually as until } from "../eventually.ts";
export { recordingHost } from "../host.ts";

/** A folder that `remove` takes away again. */
export function tempFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "spanloom-storage-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function storeSettings(path: string, host: Host, changes: Partial<StoreSettings> = {}): StoreSettings {
  const module = { url: "", config: undefined };
  return {
    kind: "sqlite",
    path,
    synchronous: "full",
    segment: { maxSpans: 1_000_000, maxBytes: 1 << 30, maxAgeMs: 3_600_000 },
    retention: { maxAgeMs: undefined, maxBytes: undefined },
    modules: { ingest: module, query: module, export: module },
    threadEntries: "",
    host,
    ...changes,
  };
}
