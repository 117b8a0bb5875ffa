import { statfsSync } from "node:fs";
import { RetryableError } from "../../component/errors.ts";
import type { Logger } from "../../component/logger.ts";

export interface FreeSpaceOptions {
  /** Undefined for a store in memory. */
  readonly folder: string | undefined;
  /** What is to stay free, bytes; 0 is no reserve. */
  readonly minFreeBytes: number;
  readonly logger: Logger;
  readonly freeBytes?: (folder: string) => number;
}

const RETRY_AFTER_MS = 5_000;
/**
 * The oldest spans are removed when this many times the reserve is left, so that new ones are refused only if that does
 * not help.
 */
const EARLY = 1.25;
/** After this part of the reserve was stored the file system is asked again. */
const UNSEEN = 1 / 16;

/**
 * Watches the disk of the data folder. While less than the reserve is free spans are refused before anything is
 * written, so that a full disk never meets a commit, a checkpoint or another program that needs the rest.
 */
export class FreeSpace {
  readonly #options: FreeSpaceOptions;
  #missing = 0;
  #expected = 0;
  #refusal: RetryableError | undefined;

  constructor(options: FreeSpaceOptions) {
    this.#options = options;
    this.look();
  }

  /** Bytes to free before the reserve is reached; 0 while there is enough. */
  get missingBytes(): number {
    return this.#missing;
  }

  /** Why nothing can be stored now; undefined when it can. */
  get refusal(): RetryableError | undefined {
    return this.#refusal;
  }

  /** Before so many bytes are stored: much of it between two calls of `look` would pass the reserve unseen. */
  expect(bytes: number): void {
    this.#expected += bytes;
    if (this.#expected > this.#options.minFreeBytes * UNSEEN) this.look();
  }

  /** Asks the file system again; to be called about every second. */
  look(): void {
    const { folder, minFreeBytes, logger, freeBytes = freeOn } = this.#options;
    this.#expected = 0;
    if (folder === undefined || minFreeBytes === 0) return;
    const wasFull = this.#refusal !== undefined;
    let free: number;
    try {
      free = freeBytes(folder);
    } catch {
      // A file system that cannot say is met by the commits themselves.
      return;
    }
    this.#missing = Math.max(0, minFreeBytes * EARLY - free);
    if (free >= minFreeBytes) {
      this.#refusal = undefined;
      if (wasFull) logger.info("the disk has space again; spans are taken", { free });
      return;
    }
    this.#refusal = new RetryableError(
      "storage_full",
      `the disk of ${folder} has ${mebibytes(free)} MiB free, less than the ${mebibytes(minFreeBytes)} MiB that ` +
        "storage.min_free_mebibytes keeps; nothing of this request was stored",
      RETRY_AFTER_MS,
    );
    if (!wasFull) logger.error("the disk is nearly full: spans are refused until there is space", { free });
  }
}

function freeOn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 1024 / 1024);
}
