import { closeSync, fsyncSync, openSync } from "node:fs";

/**
 * Returns when what was written to a file is on the disk; of a folder, which names it has: a file that was made,
 * renamed or removed there may otherwise be so or not after a power cut. Throws the file system's errors.
 */
export function syncPath(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
