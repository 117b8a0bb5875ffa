import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { loadableDrivers } from "../../../test/support/storage/driver.ts";
import { tempFolder } from "../../../test/support/storage/rig.ts";
import { chooseDriver } from "./choose-driver.ts";

const temp = tempFolder();
afterEach(() => temp.remove());

const kindOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return (error as { kind?: unknown }).kind;
  }
  return "no error";
};

describe.each(loadableDrivers)("%s", (name, driver) => {
  it("keeps 64-bit integers exact where asked to, and gives blobs their own buffers", () => {
    const db = driver.open(":memory:");
    db.exec("CREATE TABLE t (n INTEGER, b BLOB)");
    const odd = Uint8Array.of(9, 1, 2, 3, 9).subarray(1, 4);
    db.prepare("INSERT INTO t VALUES (?, ?)").run(2n ** 63n - 1n, odd);
    const row = db.prepare<{ n: bigint; b: Uint8Array }>("SELECT n, b FROM t", { bigints: true }).get();
    expect(row?.n).toBe(2n ** 63n - 1n);
    expect([...(row?.b ?? [])]).toEqual([1, 2, 3]);
    expect([row?.b.byteOffset, row?.b.buffer.byteLength]).toEqual([0, 3]);
    db.close();
    db.close();
  });

  it("rolls a transaction back when its work throws", () => {
    const db = driver.open(":memory:");
    db.exec("CREATE TABLE t (n INTEGER)");
    const insert = db.prepare("INSERT INTO t VALUES (?)");
    expect(() =>
      db.transaction(() => {
        insert.run(1);
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(db.transaction(() => insert.run(2).changes)).toBe(1);
    expect([...db.prepare("SELECT n FROM t").iterate()]).toEqual([{ n: 2 }]);
    db.close();
  });

  it("says what kind of trouble it met", () => {
    mkdirSync(temp.path, { recursive: true });
    const file = join(temp.path, "a.db");
    writeFileSync(file, "this is no database, but it is long enough to have a header".repeat(40));
    expect(kindOf(() => driver.open(file).exec("SELECT * FROM sqlite_master"))).toBe("corrupt");
    expect(kindOf(() => driver.open(join(temp.path, "missing", "b.db")))).toBe("cannot_open");
    expect(kindOf(() => driver.open(join(temp.path, "c.db"), { readOnly: true }))).toBe("cannot_open");
    expect(kindOf(() => driver.open(":memory:").prepare("SELECT x FROM absent"))).toBe("corrupt");
    expect(kindOf(() => driver.open(":memory:").prepare("SELEKT"))).toBe("other");

    const holder = driver.open(join(temp.path, "d.db"));
    holder.exec("BEGIN EXCLUSIVE");
    expect(kindOf(() => driver.open(join(temp.path, "d.db"), { busyMs: 1 }).exec("BEGIN EXCLUSIVE"))).toBe("busy");
    holder.close();

    const small = driver.open(join(temp.path, "e.db"));
    small.exec("CREATE TABLE t (b BLOB); PRAGMA max_page_count = 3");
    expect(kindOf(() => small.prepare("INSERT INTO t VALUES (zeroblob(100000))").run())).toBe("full");
    small.close();
  });

  it("is what is taken when it is asked for by name", () => {
    const db = chooseDriver(name as "better-sqlite3").open(":memory:");
    expect(db.prepare<{ n: number }>("SELECT 1 AS n").get()?.n).toBe(1);
    db.close();
  });
});

it("one of them can be loaded, and a missing one is refused with what to do", () => {
  expect(loadableDrivers.length).toBeGreaterThan(0);
  for (const name of ["better-sqlite3", "node:sqlite"] as const) {
    if (loadableDrivers.some(([loadable]) => loadable === name)) continue;
    expect(() => chooseDriver(name)).toThrow(/SQLite cannot be loaded: .+ Install better-sqlite3 again/);
  }
});
