import {
  type SqlDatabase,
  type SqlDriver,
  SqlError,
  type SqlErrorKind,
  type SqlStatement,
} from "../../../src/storage/sqlite/driver.ts";
import { testDriver } from "./driver.ts";

/** A disk that refuses to give what is in some files, for as long as it is told to. */
export interface FailingDisk {
  readonly driver: SqlDriver;
  /** Files whose path contains the text fail from now on, so many times; `kind` is what SQLite makes of it. */
  fail(text: string, kind?: SqlErrorKind, times?: number): void;
  heal(): void;
}

export function failingDisk(): FailingDisk {
  let failing: { readonly text: string; readonly kind: SqlErrorKind; times: number } | undefined;
  const guard = (path: string) => {
    if (failing === undefined || !path.includes(failing.text) || failing.times-- <= 0) return;
    const code = failing.kind === "corrupt" ? "SQLITE_CORRUPT" : "SQLITE_IOERR_CORRUPTFS";
    throw new SqlError(failing.kind, code, path, "the disk of this test fails");
  };
  const statement = <Row>(path: string, inner: SqlStatement<Row>): SqlStatement<Row> => ({
    run(...values) {
      guard(path);
      return inner.run(...values);
    },
    get(...values) {
      guard(path);
      return inner.get(...values);
    },
    all(...values) {
      guard(path);
      return inner.all(...values);
    },
    *iterate(...values) {
      guard(path);
      yield* inner.iterate(...values);
    },
  });
  const database = (inner: SqlDatabase): SqlDatabase => ({
    path: inner.path,
    prepare: (sql, options) => statement(inner.path, inner.prepare(sql, options)),
    exec(sql) {
      guard(inner.path);
      inner.exec(sql);
    },
    transaction(work) {
      guard(inner.path);
      return inner.transaction(work);
    },
    close: () => inner.close(),
  });
  return {
    driver: { open: (path, options) => database(testDriver.open(path, options)) },
    fail(text, kind = "unreadable", times = Number.POSITIVE_INFINITY) {
      failing = { text, kind, times };
    },
    heal() {
      failing = undefined;
    },
  };
}
