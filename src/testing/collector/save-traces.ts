import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { ViewHost } from "../../component/read.ts";
import { wholeAnswer } from "../../component/read.ts";
import type { SavedTraceParams } from "../../query/saved/saved-trace.ts";

/** Names the folder where traces of failed tests go, for all collectors of a test run. */
export const TRACE_FOLDER_VARIABLE = "SPANLOOM_TRACE_FOLDER";

export interface SaveTracesOptions {
  /** Default: `traceFolder` of the collector, else `SPANLOOM_TRACE_FOLDER`, else `spanloom-traces`. It is made. */
  readonly folder?: string;
  /** Begins the names of the files: the name of a test. */
  readonly name?: string;
  /** Further attributes whose values are taken out, as `spanloom save --redact` has it. */
  readonly redact?: readonly string[];
}

/** Traces that are saved at once, the latest ones: a test that sends thousands fails no better with all of them. */
const MAX_SAVED = 20;
const MAX_NAME = 80;
const DEFAULT_FOLDER = "spanloom-traces";

/** The folder that a collector or its environment names; undefined where nobody wants files. */
export function namedTraceFolder(folder: string | undefined): string | undefined {
  const named = folder ?? process.env[TRACE_FOLDER_VARIABLE];
  return named === "" ? undefined : named;
}

/**
 * Saves the pages of traces, a file each, and says where they lie. The latest 20 are saved.
 * @param ids 32 lower-case hex digits each, the earliest first
 */
export async function saveTraces(
  views: ViewHost,
  ids: readonly string[],
  { folder = DEFAULT_FOLDER, name, redact = [] }: SaveTracesOptions,
  signal: AbortSignal,
): Promise<string[]> {
  const files: string[] = [];
  if (ids.length > 0) await mkdir(folder, { recursive: true });
  for (const traceId of ids.slice(-MAX_SAVED)) {
    const params: SavedTraceParams = { traceId, redact: { keys: redact, defaults: true }, nowMs: Date.now() };
    const { body } = await wholeAnswer(await views.view("ui.saved", params, signal));
    const file = resolve(join(folder, `${fileName(name)}${traceId}.html`));
    await writeFile(file, body);
    files.push(file);
  }
  return files;
}

/** As much of a test's name as any file system takes. */
function fileName(name: string | undefined): string {
  const plain = (name ?? "")
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "")
    .slice(0, MAX_NAME);
  return plain === "" ? "" : `${plain}-`;
}
