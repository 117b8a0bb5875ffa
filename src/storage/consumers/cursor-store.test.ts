import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { recordingHost, tempFolder } from "../../../test/support/storage/rig.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { openConsumersDb } from "./consumers-db.ts";
import { type ConsumerState, CursorStore, cursorProblem } from "./cursor-store.ts";

let temp: ReturnType<typeof tempFolder>;
let path: string;
beforeEach(() => {
  temp = tempFolder();
  path = join(temp.path, "consumers.db");
});
afterEach(() => temp.remove());

const state = (row: number): ConsumerState => ({
  position: { segment: 1, block: row, sequence: row, spansThrough: row * 100 },
  delivered: row * 100,
  rejected: 0,
  lost: 0,
  retries: 0,
});

/** Opens the file, does something with it, closes it; tells what was logged. */
function withDb<T>(work: (db: SqlDatabase, wasDamaged: boolean) => T): { readonly value: T; readonly errors: number } {
  const host = recordingHost();
  const { db, wasDamaged } = openConsumersDb(testDriver, path, host.logger);
  try {
    return { value: work(db, wasDamaged), errors: host.lines.filter(({ level }) => level === "error").length };
  } finally {
    db.close();
  }
}

function saved(): void {
  withDb((db) =>
    new CursorStore(db).save(
      new Map([
        ["otlp/a", state(3)],
        ["otlp/b", state(5)],
      ]),
    ),
  );
}

it("keeps cursors", () => {
  saved();
  withDb((db) => new CursorStore(db).save(new Map([["otlp/b", state(6)]])));
  const { value } = withDb((db) => ["otlp/a", "otlp/b", "otlp/c"].map((name) => new CursorStore(db).load(name)));
  expect(value).toEqual([state(3), state(6), undefined]);
});

it.each([
  ["moved forward", "UPDATE consumer SET row = 7 WHERE name = 'otlp/a'"],
  ["of another name", "UPDATE consumer SET name = 'otlp/x' WHERE name = 'otlp/a'"],
  ["lost", "DELETE FROM consumer WHERE name = 'otlp/a'"],
  ["counting otherwise", "UPDATE consumer SET delivered = 1 WHERE name = 'otlp/b'"],
])("a cursor that is %s is noticed: the file is put aside", (_, harm) => {
  saved();
  withDb((db) => db.exec(harm));
  const { value, errors } = withDb((db, wasDamaged) => ({ wasDamaged, a: new CursorStore(db).load("otlp/a") }));
  expect(value).toEqual({ wasDamaged: true, a: undefined });
  expect(errors).toBe(1);
  expect(existsSync(`${path}.damaged`)).toBe(true);
});

it("a file of an older version is read as it is", () => {
  saved();
  withDb((db) => db.exec("DELETE FROM meta"));
  const { value, errors } = withDb((db) => [new CursorStore(db).load("otlp/a"), cursorProblem(db)]);
  expect(value).toEqual([state(3), undefined]);
  expect(errors).toBe(0);
});
