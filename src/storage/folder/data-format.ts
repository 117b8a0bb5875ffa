import { PermanentError } from "../../component/errors.ts";
import { readMeta } from "../sqlite/checked-meta.ts";
import { type SqlDatabase, SqlError } from "../sqlite/driver.ts";
import { wasMadeBefore } from "../sqlite/made-before.ts";
import { FORMAT_VERSION } from "./layout.ts";

/**
 * The number of the format that a catalog or segment says it has; undefined for a database that was only just made.
 * Throws SqlError `corrupt` where it says none.
 */
export function storedFormat(db: SqlDatabase): number | undefined {
  if (!wasMadeBefore(db)) return undefined;
  const stored = readMeta(db, "format_version");
  if (stored !== undefined && /^[1-9]\d{0,8}$/.test(stored)) return Number(stored);
  throw new SqlError("corrupt", "SPANLOOM_FORMAT", db.path, "format_version is not what was written");
}

/** What is wrong with the number that a database says; undefined where it is one. */
export function formatProblem(db: SqlDatabase): string | undefined {
  try {
    storedFormat(db);
    return undefined;
  } catch (error) {
    if (error instanceof SqlError && error.kind === "corrupt") return error.message;
    throw error;
  }
}

/** Throws PermanentError `data_format_unknown` where a newer version wrote `path`, a data folder or a file in it. */
export function checkFormat(path: string, stored: number | undefined): void {
  if (stored === undefined || stored <= FORMAT_VERSION) return;
  throw new PermanentError(
    "data_format_unknown",
    `${path} has format ${stored}, and this version knows formats up to ${FORMAT_VERSION}: ` +
      "run the version that wrote it, or give another folder as storage.path",
  );
}
