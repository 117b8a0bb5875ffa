import { existsSync } from "node:fs";
import { join } from "node:path";
import { dependencyProblems } from "../aggregates/dependency-table.ts";
import { receivedHourProblems } from "../aggregates/received-hours.ts";
import { redProblems } from "../aggregates/red-table.ts";
import { servicePlaceProblems } from "../aggregates/service-places.ts";
import { cursorProblem } from "../consumers/cursor-store.ts";
import { CATALOG_FILE, CONSUMERS_FILE } from "../folder/layout.ts";
import { REGISTRY_FILE, registryProblems } from "../folder/registry-store.ts";
import { catalogProblems } from "../log/catalog.ts";
import { type SqlDatabase, type SqlDriver, SqlError } from "../sqlite/driver.ts";

export interface FileProblem {
  /** Its name in the data folder. */
  readonly file: string;
  readonly reason: string;
}

/** Of one file: a lost page is one damage, however many rows it held. */
const MAX_PROBLEMS = 20;

/**
 * What the databases of a data folder beside its segments hold that was not written. Throws SqlError but for damage.
 */
export function databaseProblems(driver: SqlDriver, folder: string): readonly FileProblem[] {
  const checks = {
    [CATALOG_FILE]: catalogProblems,
    [CONSUMERS_FILE]: consumersProblems,
    [REGISTRY_FILE]: registryProblems,
  };
  return Object.entries(checks).flatMap(([file, check]) =>
    existsSync(join(folder, file))
      ? problemsOf(driver, join(folder, file), check).map((reason) => ({ file, reason }))
      : [],
  );
}

function problemsOf(driver: SqlDriver, path: string, check: (db: SqlDatabase) => Iterable<string>): string[] {
  const found: string[] = [];
  let db: SqlDatabase | undefined;
  try {
    db = driver.open(path, { readOnly: true });
    const structure = db.prepare<{ integrity_check: string }>(`PRAGMA integrity_check(${MAX_PROBLEMS})`).all();
    found.push(...structure.map((row) => row.integrity_check).filter((text) => text !== "ok"));
    for (const reason of check(db)) {
      if (found.length >= MAX_PROBLEMS) break;
      found.push(reason);
    }
  } catch (error) {
    if (!(error instanceof SqlError) || error.kind !== "corrupt") throw error;
    found.push(error.message);
  } finally {
    db?.close();
  }
  return found;
}

function* consumersProblems(db: SqlDatabase): Generator<string> {
  const problem = cursorProblem(db);
  if (problem !== undefined) yield problem;
  yield* redProblems(db);
  yield* dependencyProblems(db);
  yield* receivedHourProblems(db);
  yield* servicePlaceProblems(db);
}
