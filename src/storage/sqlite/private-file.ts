import { closeSync, openSync } from "node:fs";

/**
 * Makes an empty file that only its owner may read where there is none yet: SQLite takes it for a new database, and
 * gives its other files the same mode. A file that is there stays as it is, and is not opened: closing a descriptor of
 * it would drop the locks that this process has on it. What fails is met by whoever opens the file.
 */
export function makePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, "ax", 0o600));
  } catch {
    // It is there already, or SQLite says why it cannot be made.
  }
}
