import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host } from "../../../src/component/component.ts";
import type { LogFields } from "../../../src/component/logger.ts";
import { Metrics } from "../../../src/component/metrics.ts";
import type { StoreSettings } from "../../../src/component/store.ts";

/** A folder that `remove` takes away again. */
export function tempFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "spanloom-storage-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface RecordedLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields | undefined;
}

/** A host that remembers what was logged. */
export function recordingHost(): Host & { readonly lines: RecordedLine[] } {
  const lines: RecordedLine[] = [];
  const log = (level: string) => (message: string, fields?: LogFields) => {
    lines.push({ level, message, fields });
  };
  return {
    lines,
    metrics: new Metrics(),
    userAgent: "spanloom/test",
    logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
  };
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

/** Waits until `holds` gives true; rejects with `what` after `timeoutMs`. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`timed out waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
