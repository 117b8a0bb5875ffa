import { SqlError } from "./driver.ts";

/**
 * Opens a database, again where it looks damaged: a disk that fails for a moment must not cost a file that is whole.
 * Throws what the second attempt throws.
 */
export function openTwice<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof SqlError) || error.kind !== "corrupt") throw error;
    return open();
  }
}
