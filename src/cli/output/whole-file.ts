import { once } from "node:events";
import { createWriteStream, statSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import * as zlib from "node:zlib";
import { PermanentError } from "../../component/errors.ts";
import { fileReason } from "../../component/reasons.ts";

const GZIP_LEVEL = 6;

/**
 * A file that is there as a whole or not at all: it is written beside, as `.NAME.PID.part`, synced and renamed. Gzip
 * where its name ends in `.gz`, zstd in `.zst`. `-` is stdout, and what is no regular file, a pipe for one, is written
 * as it comes.
 */
export class WholeFile {
  readonly #path: string;
  /** Undefined where it is written in place. */
  readonly #beside: string | undefined;
  readonly #head: Writable;
  readonly #last: Writable;
  #failure: unknown;

  /**
   * @param mode of the file
   * @throws PermanentError `bad_request` where it cannot be written
   */
  static async create(path: string, mode = 0o640): Promise<WholeFile> {
    const compressor = compressorOf(path);
    if (path === "-") return new WholeFile(path, undefined, process.stdout, compressor);
    const known = statSync(path, { throwIfNoEntry: false });
    if (known?.isDirectory()) throw unwritable(path, "it is a folder, not a file");
    const beside =
      known === undefined || known.isFile() ? join(dirname(path), `.${basename(path)}.${process.pid}.part`) : undefined;
    const stream = createWriteStream(beside ?? path, { mode });
    try {
      await once(stream, "open");
    } catch (error) {
      throw unwritable(path, error);
    }
    return new WholeFile(path, beside, stream, compressor);
  }

  private constructor(path: string, beside: string | undefined, last: Writable, compressor: Compressor | undefined) {
    this.#path = path;
    this.#beside = beside;
    this.#last = last;
    this.#head = compressor ?? last;
    const onError = (error: unknown) => {
      this.#failure ??= error;
    };
    // What stdout meets ends the command, as anywhere.
    if (path !== "-") last.on("error", onError);
    compressor?.on("error", onError);
    compressor?.pipe(last, { end: path !== "-" });
  }

  /** Waits while the disk is behind. Throws as `create`. */
  async write(text: string): Promise<void> {
    if (this.#failure === undefined && !this.#head.write(text)) await this.#drained();
    if (this.#failure !== undefined) throw unwritable(this.#path, this.#failure);
  }

  /** The file has its name when this resolves. Throws as `create`; then there is none. */
  async finish(): Promise<void> {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#head !== process.stdout) {
        this.#head.end();
        await finished(this.#last === process.stdout ? this.#head : this.#last);
      }
      if (this.#beside === undefined) return;
      await sync(this.#beside);
      await rename(this.#beside, this.#path);
    } catch (error) {
      await this.discard();
      throw unwritable(this.#path, this.#failure ?? error);
    }
  }

  /** Leaves what was there before. */
  async discard(): Promise<void> {
    if (this.#last === process.stdout) return;
    this.#last.destroy();
    if (this.#beside !== undefined) await rm(this.#beside, { force: true });
  }

  /** There is room again, or writing has failed. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#head.off("drain", done);
        this.#last.off("close", done);
        resolve();
      };
      this.#head.once("drain", done);
      this.#last.once("close", done);
    });
  }
}

type Compressor = zlib.Gzip | zlib.ZstdCompress;

function compressorOf(path: string): Compressor | undefined {
  if (path.endsWith(".gz")) return zlib.createGzip({ level: GZIP_LEVEL });
  if (!path.endsWith(".zst")) return undefined;
  if (zlib.createZstdCompress !== undefined) return zlib.createZstdCompress();
  const version = process.versions.node;
  throw unwritable(path, `Node ${version} cannot write zstd; expected Node 22.15 or newer, or a name with .gz`);
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unwritable(path: string, cause: unknown): PermanentError {
  return new PermanentError("bad_request", `${path}: cannot be written: ${fileReason(cause)}`, { cause });
}
