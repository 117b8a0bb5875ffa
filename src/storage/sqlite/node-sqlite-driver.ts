import { existsSync } from "node:fs";
import { createRequire } from "node:module";
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

/** What is used of Node's own module, whose types the oldest supported Node does not have. */
interface NodeSqlite {
  readonly DatabaseSync: new (path: string, options: { readonly readOnly: boolean }) => NodeDatabaseSync;
}

interface NodeDatabaseSync {
  prepare(sql: string): NodeStatement;
  exec(sql: string): void;
  close(): void;
}

interface NodeStatement {
  run(...values: SqlValue[]): { readonly changes: number | bigint };
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
  iterate(...values: SqlValue[]): IterableIterator<unknown>;
  setReadBigInts(enabled: boolean): void;
}

/** The driver on Node's built-in SQLite (Node 22.13 and later). Throws what loading it throws. */
export function nodeSqliteDriver(): SqlDriver {
  const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite") as NodeSqlite;
  return {
    open(path: string, options: SqlOpenOptions = {}): SqlDatabase {
      const readOnly = options.readOnly ?? false;
      if ((readOnly || options.create === false) && path !== ":memory:" && !existsSync(path)) {
        throw new SqlError("cannot_open", "SQLITE_CANTOPEN", path, "unable to open database file");
      }
      if (!readOnly && options.create !== false && path !== ":memory:") makePrivateFile(path);
      return guard(path, () => {
        const db = new DatabaseSync(path, { readOnly });
        db.exec(`PRAGMA busy_timeout = ${Math.trunc(options.busyMs ?? 5000)}`);
        return new NodeSqlDatabase(db, path);
      });
    },
  };
}

class NodeSqlDatabase implements SqlDatabase {
  readonly path: string;
  readonly #db: NodeDatabaseSync;
  #closed = false;

  constructor(db: NodeDatabaseSync, path: string) {
    this.#db = db;
    this.path = path;
  }

  prepare<Row>(sql: string, options?: { readonly bigints?: boolean }): SqlStatement<Row> {
    const statement = guard(this.path, () => this.#db.prepare(sql));
    if (options?.bigints === true) statement.setReadBigInts(true);
    return new NodeSqlStatement<Row>(statement, this.path);
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
        try {
          this.#db.exec("ROLLBACK");
        } catch {
          // SQLite itself has rolled back, as it does after some errors (FULL, IOERR).
        }
        throw error;
      }
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    guard(this.path, () => this.#db.close());
  }
}

class NodeSqlStatement<Row> implements SqlStatement<Row> {
  readonly #statement: NodeStatement;
  readonly #path: string;

  constructor(statement: NodeStatement, path: string) {
    this.#statement = statement;
    this.#path = path;
  }

  run(...values: SqlValue[]): { readonly changes: number } {
    return { changes: Number(guard(this.#path, () => this.#statement.run(...values)).changes) };
  }

  get(...values: SqlValue[]): Row | undefined {
    return guard(this.#path, () => this.#statement.get(...values)) as Row | undefined;
  }

  all(...values: SqlValue[]): Row[] {
    return guard(this.#path, () => this.#statement.all(...values)) as Row[];
  }

  *iterate(...values: SqlValue[]): IterableIterator<Row> {
    try {
      yield* this.#statement.iterate(...values) as IterableIterator<Row>;
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

/** Result codes by number (sqlite.org/rescode.html): the primary ones, and the extended ones that mean another kind. */
const CODE_NAMES: Readonly<Record<number, string>> = {
  1: "SQLITE_ERROR",
  3: "SQLITE_PERM",
  5: "SQLITE_BUSY",
  6: "SQLITE_LOCKED",
  7: "SQLITE_NOMEM",
  8: "SQLITE_READONLY",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  19: "SQLITE_CONSTRAINT",
  23: "SQLITE_AUTH",
  24: "SQLITE_FORMAT",
  26: "SQLITE_NOTADB",
  266: "SQLITE_IOERR_READ",
  522: "SQLITE_IOERR_SHORT_READ",
  778: "SQLITE_IOERR_WRITE",
  1034: "SQLITE_IOERR_FSYNC",
  1802: "SQLITE_IOERR_FSTAT",
  3338: "SQLITE_IOERR_ACCESS",
  4618: "SQLITE_IOERR_SHMOPEN",
  4874: "SQLITE_IOERR_SHMSIZE",
  5386: "SQLITE_IOERR_SHMMAP",
  6154: "SQLITE_IOERR_MMAP",
  1299: "SQLITE_CONSTRAINT_NOTNULL",
  8458: "SQLITE_IOERR_CORRUPTFS",
};

function translate(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return error;
  const code = CODE_NAMES[error.errcode] ?? CODE_NAMES[error.errcode & 0xff] ?? `SQLITE_${error.errcode}`;
  return new SqlError(sqlErrorKind(code, error.message), code, path, error.message, { cause: error });
}
