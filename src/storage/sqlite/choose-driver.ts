import { PermanentError } from "../../component/errors.ts";
import { whyTooOld } from "../../model/text/node-version.ts";
import { betterSqlite3Driver } from "./better-sqlite3-driver.ts";
import type { SqlDriver } from "./driver.ts";
import { nodeSqliteDriver } from "./node-sqlite-driver.ts";

/** `auto`: better-sqlite3, or Node's own SQLite where the package has no binary for this machine. */
export const SQLITE_DRIVERS = ["auto", "better-sqlite3", "node:sqlite"] as const;
export type SqliteDriverName = (typeof SQLITE_DRIVERS)[number];

/**
 * Throws PermanentError: `data_folder_unusable` with the reasons when no driver of that name can be loaded,
 * `unsupported` where Node is too old.
 */
export function chooseDriver(name: SqliteDriverName = "auto"): SqlDriver {
  const tooOld = whyTooOld(process.versions.node);
  // The add-on would not refuse to load there, but crash.
  if (tooOld !== undefined) throw new PermanentError("unsupported", tooOld);
  const reasons: string[] = [];
  for (const [candidate, load] of Object.entries(LOADERS)) {
    if (name !== "auto" && name !== candidate) continue;
    try {
      return load();
    } catch (error) {
      reasons.push(`${candidate}: ${error instanceof Error ? error.message.split("\n", 1)[0] : String(error)}`);
    }
  }
  throw new PermanentError(
    "data_folder_unusable",
    `SQLite cannot be loaded: ${reasons.join("; ")}. Install better-sqlite3 again, or set storage.driver to auto`,
  );
}

const LOADERS: Readonly<Record<Exclude<SqliteDriverName, "auto">, () => SqlDriver>> = {
  "better-sqlite3": () => {
    // The package loads without its add-on; only a connection needs it.
    betterSqlite3Driver.open(":memory:").close();
    return betterSqlite3Driver;
  },
  "node:sqlite": nodeSqliteDriver,
};
