import Database from "better-sqlite3";
import {
  type SqlDatabase,
  type SqlDriver,
  SqlError,
  type SqlOpenOptions,
  type SqlStatement,
  type SqlValue,
  sqlErrorKind,
} from "./driver.ts";
import { makePrivateFile } from "./private-file.ts";

/** The driver on better-sqlite3. */
export const betterSqlite3Driver: SqlDriver = {
  open(path: string, options: SqlOpenOptions = {}): SqlDatabase {
    const readonly = options.readOnly ?? false;
    const fileMustExist = readonly || options.create === false;
    if (!fileMustExist && path !== ":memory:") makePrivateFile(path);
    return guard(
      path,
      () => new BetterDatabase(new Database(path, { readonly, fileMustExist, timeout: options.busyMs ?? 5000 }), path),
    );
  },
};

class BetterDatabase implements SqlDatabase {
  readonly path: string;
  readonly #db: Database.Database;

  constructor(db: Database.Database, path: string) {
    this.#db = db;
    this.path = path;
  }

  prepare<Row>(sql: string, options?: { readonly bigints?: boolean }): SqlStatement<Row> {
    const statement = guard(this.path, () => this.#db.prepare<SqlValue[], Row>(sql));
    if (options?.bigints === true) statement.safeIntegers(true);
    return new BetterStatement(statement, this.path);
  }

  exec(sql: string): void {
    guard(this.path, () => this.#db.exec(sql));
  }

  transaction<T>(work: () => T): T {
    return guard(this.path, () => {
      this.#db.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        this.#db.exec("COMMIT");
        return result;
      } catch (error) {
        // SQLite itself rolls back after some errors (FULL, IOERR); a second ROLLBACK would fail.
        if (this.#db.inTransaction) this.#db.exec("ROLLBACK");
        throw error;
      }
    });
  }

  close(): void {
    guard(this.path, () => this.#db.close());
  }
}

class BetterStatement<Row> implements SqlStatement<Row> {
  readonly #statement: Database.Statement<SqlValue[], Row>;
  readonly #path: string;

  constructor(statement: Database.Statement<SqlValue[], Row>, path: string) {
    this.#statement = statement;
    this.#path = path;
  }

  run(...values: SqlValue[]): { readonly changes: number } {
    return guard(this.#path, () => this.#statement.run(...values));
  }

  get(...values: SqlValue[]): Row | undefined {
    return guard(this.#path, () => this.#statement.get(...values));
  }

  all(...values: SqlValue[]): Row[] {
    return guard(this.#path, () => this.#statement.all(...values));
  }

  *iterate(...values: SqlValue[]): IterableIterator<Row> {
    try {
      yield* this.#statement.iterate(...values);
    } catch (error) {
      throw translate(this.#path, error);
    }
  }
}

function guard<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translate(path, error);
  }
}

function translate(path: string, error: unknown): unknown {
  if (error instanceof Database.SqliteError) {
    return new SqlError(sqlErrorKind(error.code, error.message), error.code, path, error.message, { cause: error });
  }
  // Before it asks SQLite, better-sqlite3 itself looks whether the folder exists.
  if (error instanceof TypeError && error.message.startsWith("Cannot open database")) {
    return new SqlError("cannot_open", "SQLITE_CANTOPEN", path, error.message, { cause: error });
  }
  return error;
}
