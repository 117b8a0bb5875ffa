import { existsSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Config } from "../../app/config/config.ts";
import { openDataFolder } from "../../app/data-folder.ts";
import { configuredUiUrl } from "../../app/endpoints.ts";
import { PermanentError } from "../../component/errors.ts";
import type { Logger } from "../../component/logger.ts";
import type { OnGap } from "../../component/read.ts";
import type { SpanStore } from "../../component/store.ts";
import { messageOf } from "../../model/message-of.ts";
import type { UiStatusResponse } from "../../query/ui/status-types.ts";
import type { DbFlags } from "../options/db-flags.ts";
import { readConfig } from "../options/resolve-config.ts";
import { ApiClient } from "./api-client.ts";

/** One piece of work in two ways. */
export interface Ways<T> {
  /** A collector has the data. */
  readonly collector: (client: ApiClient, status: UiStatusResponse) => Promise<T>;
  /** Nobody uses the folder. */
  readonly folder: (store: SpanStore, config: Config) => Promise<T>;
}

export interface AccessOptions {
  readonly mayMakeFolder?: boolean;
  /** Told what a collector's answers may lack, instead of stderr. */
  readonly onIncomplete?: OnGap;
}

export interface Done<T> {
  readonly result: T;
  /** `/var/lib/spanloom`, `the collector at http://127.0.0.1:16686/`. */
  readonly place: string;
}

/**
 * Does the work where the data is: in the collector that --url names, in the folder, in the collector that uses the
 * folder, or, where nobody names a folder and there is none, in the collector that answers. No folder is made, unless
 * `mayMakeFolder`.
 * @throws PermanentError that says what was looked for
 */
export async function onCollectorOrFolder<T>(
  flags: DbFlags,
  ways: Ways<T>,
  { mayMakeFolder = false, onIncomplete }: AccessOptions = {},
): Promise<Done<T>> {
  const { config, where } = await readConfig(flags, process.env);
  const clientFor = (connection: DbFlags, of: Config) => clientOf(connection, of, onIncomplete);
  const ask = (client: ApiClient) => askCollector(client, ways);
  if (flags.url !== undefined) return ask(clientFor(flags, config));
  const { kind, path } = config.storage;
  const folder = resolve(path);
  if (kind === "memory") return ask(clientFor(flags, config));
  if (!isDataFolder(folder) && !mayMakeFolder) {
    if (where(["storage", "path"]) !== undefined) throw noDataFolder(folder);
    return ask(clientFor(flags, config)).catch((error: unknown) => {
      if (!(error instanceof PermanentError) || error.code !== "unreachable") throw error;
      throw new PermanentError("unreachable", `there is no data folder ${folder}, and ${error.message}`, {
        cause: error,
      });
    });
  }
  let store: SpanStore;
  try {
    store = await openDataFolder(config, STDERR);
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== "data_folder_in_use") throw error;
    return ask(await ownerOf(folder, clientFor(flags, config), error));
  }
  try {
    return { result: await ways.folder(store, config), place: path };
  } finally {
    await store.close(AbortSignal.abort());
  }
}

/** Where the collector of this config would answer, unless it is told otherwise. */
function clientOf(flags: DbFlags, config: Config, onIncomplete?: OnGap): ApiClient {
  const url = flags.url ?? (process.env.SPANLOOM_URL || configuredUiUrl(config));
  return new ApiClient({ ...flags, url }, onIncomplete);
}

async function askCollector<T>(client: ApiClient, ways: Ways<T>): Promise<Done<T>> {
  const status = await client.json<UiStatusResponse>("api/ui/status");
  return { result: await ways.collector(client, status), place: `the collector at ${client.base}` };
}

/** The client, when its collector is the one that uses the folder. */
async function ownerOf(folder: string, client: ApiClient, inUse: PermanentError): Promise<ApiClient> {
  const name = "name the one that uses it with --url";
  let status: UiStatusResponse;
  try {
    status = await client.json<UiStatusResponse>("api/ui/status");
  } catch (error) {
    const message = messageOf(error);
    const head = inUse.message.split(":", 1)[0];
    throw new PermanentError("unreachable", `${head}, but ${message.split(";", 1)[0]}; ${name}`, { cause: error });
  }
  const { path } = status.storage;
  if (path !== undefined && sameFolder(path, folder)) return client;
  const has = path === undefined ? "keeps its spans in memory" : `uses ${path}`;
  throw new PermanentError(
    "data_folder_in_use",
    `the data folder ${folder} is in use, but the collector at ${client.base} ${has}; ${name}`,
  );
}

function sameFolder(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return one === other;
  }
}

export function isDataFolder(folder: string): boolean {
  return existsSync(join(folder, "catalog.db"));
}

function noDataFolder(folder: string): PermanentError {
  return new PermanentError(
    "data_folder_unusable",
    `${folder} is no data folder: it has no catalog.db. Name the one of your collector with --data, or the collector with --url.`,
  );
}

const write = (message: string, fields: object = {}) => {
  const details = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : "";
  process.stderr.write(`spanloom: ${message}${details}\n`);
};
const STDERR: Logger = { debug() {}, info() {}, warn: write, error: write };
