import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Of folders that hold what senders sent: their owner's alone. */
export const PRIVATE_FOLDER = 0o700;

/**
 * Makes a folder and its parents, one step each. Node's own recursive form tries for ever where a parent exists and the
 * file system answers ENOENT all the same, as /proc does.
 * @throws the file system's error (`ENOENT`, `EACCES`, `EROFS`, `ENOTDIR`, …)
 */
export function makeFolder(path: string, mode = 0o777): void {
  if (isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !isFolder(path)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
