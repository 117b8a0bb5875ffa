import { join } from "node:path";
import { RetryableError } from "../../component/errors.ts";
import type { Logger } from "../../component/logger.ts";
import { fileIdentity, isSameFile } from "./file-identity.ts";
import { CATALOG_FILE, LOCK_FILE, SEGMENTS_FOLDER } from "./layout.ts";

const RETRY_AFTER_MS = 5_000;

/**
 * Notices that the data folder was removed, moved or replaced while it is in use. SQLite does not: it goes on writing
 * to files that no path leads to, and all of it is gone with the process.
 */
export class FolderWatch {
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #identities: ReadonlyMap<string, string>;
  #refusal: RetryableError | undefined;

  /** The folder and its files must be there: they are what is looked for from now on. */
  constructor(folder: string, logger: Logger) {
    this.#folder = folder;
    this.#logger = logger;
    const paths = [folder, ...[LOCK_FILE, CATALOG_FILE, SEGMENTS_FOLDER].map((name) => join(folder, name))];
    this.#identities = new Map(paths.flatMap((path) => pairOf(path, fileIdentity(path))));
  }

  /** Why nothing can be stored now; undefined when it can. */
  get refusal(): RetryableError | undefined {
    return this.#refusal;
  }

  /** To be called every second, and after a write that failed. */
  look(): void {
    const lost = [...this.#identities].find(([path, identity]) => !isSameFile(path, identity))?.[0];
    if ((lost === undefined) === (this.#refusal === undefined)) return;
    if (lost === undefined) {
      this.#refusal = undefined;
      this.#logger.info("the data folder is there again; spans are taken", { folder: this.#folder });
      return;
    }
    const found = fileIdentity(lost) === undefined ? "was removed" : "was replaced by another";
    this.#refusal = new RetryableError(
      "storage_unavailable",
      `${lost} ${found} while the collector used it; nothing of this request was stored`,
      RETRY_AFTER_MS,
    );
    this.#logger.error(
      "the data folder was removed or replaced while it was in use: spans are refused until it is back; " +
        "restart the collector to go on with what is there now",
      { path: lost, found },
    );
  }
}

function pairOf(path: string, identity: string | undefined): [string, string][] {
  return identity === undefined ? [] : [[path, identity]];
}
