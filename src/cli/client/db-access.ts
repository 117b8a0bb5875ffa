import type { Config } from "../../app/config/config.ts";
import { openDataFolder } from "../../app/data-folder.ts";
import { ADMIN_HEADER } from "../../app/ui-port/admin-routes.ts";
import { PermanentError } from "../../component/errors.ts";
import type { Logger } from "../../component/logger.ts";
import { fetchReason } from "../../component/reasons.ts";
import type { SpanStore } from "../../component/store.ts";
import { refusalOf } from "./refusal.ts";

/** One piece of work in two ways. */
export interface Ways<T> {
  /** A collector has the folder; `base` is where its web UI answers. */
  readonly collector: (base: string) => Promise<T>;
  readonly folder: (store: SpanStore) => Promise<T>;
}

/** Does the work in the folder where it is free, else through the collector that has it. */
export async function onCollectorOrFolder<T>(config: Config, url: string | undefined, ways: Ways<T>): Promise<T> {
  const base = url ?? `http://${config.ui.endpoint}${config.ui.base_path}`;
  let store: SpanStore;
  try {
    store = await openDataFolder(config, STDERR);
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== "data_folder_in_use") throw error;
    return ways.collector(base);
  }
  try {
    return await ways.folder(store);
  } finally {
    await store.close(AbortSignal.abort());
  }
}

/** Asks a running collector. Throws PermanentError with its words, or `unreachable`. */
export async function postAdmin<T>(base: string, path: string, body: unknown): Promise<T> {
  const url = new URL(`api/ui/admin/${path}`, base.endsWith("/") ? base : `${base}/`);
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      redirect: "error",
      headers: { "content-type": "application/json", [ADMIN_HEADER]: "1" },
      body: JSON.stringify(body),
    });
  } catch (error) {
    throw new PermanentError(
      "unreachable",
      `the data folder is in use, but no collector answers at ${base} (${fetchReason(error)}); name it with --url`,
      { cause: error },
    );
  }
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as T;
  throw refusalOf(response.status, text, `${url}: ${text}`);
}

const write = (message: string, fields: object = {}) => {
  const details = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : "";
  process.stderr.write(`spanloom: ${message}${details}\n`);
};
const STDERR: Logger = { debug() {}, info() {}, warn: write, error: write };
