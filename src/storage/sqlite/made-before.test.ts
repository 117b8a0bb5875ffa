import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadableDrivers } from "../../../test/support/storage/driver.ts";
import { recordingHost, tempFolder } from "../../../test/support/storage/rig.ts";
import { openRegistryStore, REGISTRY_FILE } from "../folder/registry-store.ts";
import { wasMadeBefore } from "./made-before.ts";

/** Where the first page says how many tables there are: in its header, after the 100 bytes of the file's (SQLite). */
const TABLES_AT = 103;

let temp: ReturnType<typeof tempFolder>;
beforeEach(() => {
  temp = tempFolder();
});
afterEach(() => temp.remove());

function loseTables(path: string): void {
  const bytes = readFileSync(path);
  bytes.writeUInt16BE(0, TABLES_AT);
  writeFileSync(path, bytes);
}

it.each(loadableDrivers)("tells a new database from one that has lost its tables: %s", (_, driver) => {
  const path = join(temp.path, "some.db");
  const made = driver.open(path);
  expect(wasMadeBefore(made)).toBe(false);
  made.exec("CREATE TABLE a (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO a VALUES (1, 'one')");
  expect(wasMadeBefore(made)).toBe(true);
  made.close();
  loseTables(path);
  const emptied = driver.open(path);
  expect(() => wasMadeBefore(emptied)).toThrow("it has 2 pages and says that it has no table");
  emptied.close();
});

it("has registrations put aside that are not there any more, and says so", () => {
  const { logger, lines } = recordingHost();
  const record = { instance: { id: "shop-1" }, checks: [] };
  const first = openRegistryStore(temp.path, logger);
  first.put(record as unknown as Parameters<typeof first.put>[0]);
  first.close();
  loseTables(join(temp.path, REGISTRY_FILE));
  const second = openRegistryStore(temp.path, logger);
  expect(second.load()).toEqual([]);
  second.close();
  expect(lines.map(({ message }) => message).join()).toContain("the registrations are damaged and were put aside");
});
