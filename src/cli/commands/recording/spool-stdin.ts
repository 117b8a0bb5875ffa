import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { PermanentError } from "../../../component/errors.ts";
import { fileReason } from "../../../component/reasons.ts";
import { STDIN } from "../../../replay/open-recording.ts";

/**
 * Copies stdin into a file that can be read twice, as it comes.
 * @returns the same files with that one, which the caller removes, in the place of stdin
 * @throws PermanentError `bad_request` where there is no room for it
 */
export async function spoolStdin(files: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  const path = join(tmpdir(), `spanloom-stdin-${randomUUID()}`);
  try {
    await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }), { signal });
  } catch (cause) {
    if (!signal.aborted) {
      await rm(path, { force: true });
      throw new PermanentError("bad_request", `stdin: cannot be kept in ${path}: ${fileReason(cause)}`, { cause });
    }
  }
  return files.map((file) => (file === STDIN ? path : file));
}
