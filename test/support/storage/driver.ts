import { betterSqlite3Driver } from "../../../src/storage/sqlite/better-sqlite3-driver.ts";
import { chooseDriver } from "../../../src/storage/sqlite/choose-driver.ts";
import type { SqlDriver } from "../../../src/storage/sqlite/driver.ts";
import { nodeSqliteDriver } from "../../../src/storage/sqlite/node-sqlite-driver.ts";

/** The driver that the collector would take here: run the tests with Node 24 and no add-on to try Node's own. */
export const testDriver: SqlDriver = chooseDriver();

/** Every driver that can be loaded here, by name. */
export const loadableDrivers: readonly (readonly [name: string, driver: SqlDriver])[] = [
  ...attempt("better-sqlite3", () => {
    betterSqlite3Driver.open(":memory:").close();
    return betterSqlite3Driver;
  }),
  ...attempt("node:sqlite", nodeSqliteDriver),
];

function attempt(name: string, load: () => SqlDriver): [string, SqlDriver][] {
  try {
    return [[name, load()]];
  } catch {
    return [];
  }
}
