import { statSync } from "node:fs";

/** Which file or folder a path leads to now; undefined where it leads to none, or the file system cannot say. */
export function fileIdentity(path: string): string | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? undefined : `${found.dev}:${found.ino}`;
  } catch {
    return undefined;
  }
}

/** False where the path certainly leads to another file than it did, or to none: a failing disk is no reason. */
export function isSameFile(path: string, identity: string): boolean {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found !== undefined && `${found.dev}:${found.ino}` === identity;
  } catch {
    return true;
  }
}

/** False where no file is there for certain. */
export function mayExist(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
