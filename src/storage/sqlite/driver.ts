/**
 * The few methods of a synchronous SQLite driver that the store uses, declared here so that another driver can stand
 * in. Integers beyond 2^53 are exact only through statements prepared with `bigints: true`, which give every INTEGER as
 * bigint; others must not read such columns. Both number and bigint may be bound.
 */
export type SqlValue = null | number | bigint | string | Uint8Array;

export interface SqlStatement<Row> {
  run(...values: SqlValue[]): { readonly changes: number };
  get(...values: SqlValue[]): Row | undefined;
  all(...values: SqlValue[]): Row[];
  /** Holds a read transaction until it is finished or left: for loops that do not wait. */
  iterate(...values: SqlValue[]): IterableIterator<Row>;
}

export interface SqlDatabase {
  /** File name, or `:memory:`. */
  readonly path: string;
  /**
   * `Row` is an object by column name; a BLOB is a Uint8Array with its own buffer (aligned at 0), possibly a Buffer.
   */
  prepare<Row = Readonly<Record<string, SqlValue>>>(
    sql: string,
    options?: { readonly bigints?: boolean },
  ): SqlStatement<Row>;
  /** One or more statements without results. */
  exec(sql: string): void;
  /** Runs `work` in an IMMEDIATE transaction: committed when it returns, rolled back when it throws. Not nestable. */
  transaction<T>(work: () => T): T;
  /** Idempotent. */
  close(): void;
}

export interface SqlOpenOptions {
  /** Default false. A read-only connection never creates the file. */
  readonly readOnly?: boolean;
  /** Create the file when it is missing; default true unless read-only. */
  readonly create?: boolean;
  /** How long a statement waits for a lock, ms; default 5000. */
  readonly busyMs?: number;
}

export interface SqlDriver {
  /** Throws SqlError. */
  open(path: string, options?: SqlOpenOptions): SqlDatabase;
}

export type SqlErrorKind =
  /** No space, or the disk refuses to write: SQLITE_FULL, SQLITE_IOERR_WRITE, …_FSYNC and the like. */
  | "full"
  /**
   * The disk refuses to read, which says nothing of what is stored there: SQLITE_IOERR_READ, …_CORRUPTFS and the like.
   */
  | "unreadable"
  /** SQLITE_BUSY, SQLITE_LOCKED. */
  | "busy"
  /** SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT, and tables and columns that are not those the store made. */
  | "corrupt"
  /** SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM: missing, or not allowed. */
  | "cannot_open"
  | "other";

/** What every method above throws when SQLite refuses. */
export class SqlError extends Error {
  readonly kind: SqlErrorKind;
  /** SQLite's extended code, `SQLITE_IOERR_WRITE`. */
  readonly sqliteCode: string;
  readonly path: string;
  constructor(kind: SqlErrorKind, sqliteCode: string, path: string, message: string, options?: ErrorOptions) {
    super(`${path}: ${message} (${sqliteCode})`, options);
    this.name = "SqlError";
    this.kind = kind;
    this.sqliteCode = sqliteCode;
    this.path = path;
  }
}

/** The store's statements are fixed, so a name that SQLite does not find means that the schema's bytes are damaged. */
const FOREIGN_SCHEMA = /^(no such (table|column)|table \S+ has (no column|\d+ columns)|unsupported file format)/;

/**
 * SQLite gives EIO and ENXIO of a read the name of a corrupt file system, and looks at nothing that was read before.
 */
const READ_FAILURES: ReadonlySet<string> = new Set([
  "SQLITE_IOERR_CORRUPTFS",
  "SQLITE_IOERR_READ",
  "SQLITE_IOERR_FSTAT",
  "SQLITE_IOERR_ACCESS",
  "SQLITE_IOERR_SHMMAP",
  "SQLITE_IOERR_SHMSIZE",
  "SQLITE_IOERR_SHMOPEN",
  "SQLITE_IOERR_MMAP",
]);

/** The kind of a SQLite extended result code given by name, with its message. */
export function sqlErrorKind(code: string, message: string): SqlErrorKind {
  if (code === "SQLITE_ERROR" && FOREIGN_SCHEMA.test(message)) return "corrupt";
  if (code.startsWith("SQLITE_FULL")) return "full";
  if (code === "SQLITE_IOERR_SHORT_READ") return "corrupt";
  if (READ_FAILURES.has(code)) return "unreadable";
  if (code.startsWith("SQLITE_IOERR")) return "full";
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) return "busy";
  // The store writes no NULL where its schema has none: the schema read from the file is another.
  if (/^SQLITE_(CORRUPT|NOTADB|FORMAT|CONSTRAINT_NOTNULL)/.test(code)) return "corrupt";
  if (/^SQLITE_(CANTOPEN|READONLY|PERM|AUTH)/.test(code)) return "cannot_open";
  return "other";
}
