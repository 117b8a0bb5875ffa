import { chmodSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { describeWhere } from "../../../test/support/requires.ts";
import { incoming, makeBody, range } from "../../../test/support/storage/batches.ts";
import { loadableDrivers, testDriver } from "../../../test/support/storage/driver.ts";
import { openFolder } from "../../../test/support/storage/open-folder.ts";
import { recordingHost, tempFolder } from "../../../test/support/storage/rig.ts";
import { openConsumersDb } from "../consumers/consumers-db.ts";
import { FolderReader } from "../offline/folder-reader.ts";
import { openRegistryStore } from "./registry-store.ts";

let temp: ReturnType<typeof tempFolder>;
const closes: (() => void)[] = [];
beforeEach(() => {
  temp = tempFolder();
});
afterEach(() => {
  for (const close of closes.splice(0).reverse()) close();
  temp.remove();
});

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

/** Every folder and file below a folder with its mode. */
function modes(folder: string): Record<string, string> {
  const found: Record<string, string> = { ".": modeOf(folder) };
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    found[path.slice(folder.length + 1)] = `${entry.isDirectory() ? "folder " : ""}${modeOf(path)}`;
  }
  return found;
}

function fill(data: string) {
  const opened = openFolder(data, { segment: { maxSpans: 10, maxBytes: 1 << 30, maxAgeMs: 1e12 } });
  closes.push(() => opened.close());
  for (let first = 1; first < 31; first += 10) {
    opened.core.append([incoming(makeBody("s", range(first, 10)))]);
    opened.core.settle();
  }
  const { db } = openConsumersDb(testDriver, join(data, "consumers.db"), opened.host.logger);
  closes.push(() => db.close());
  const registry = openRegistryStore(data, recordingHost().logger);
  closes.push(() => registry.close());
  return opened;
}

// Windows has rights of another kind.
describeWhere(process.platform !== "win32", "Windows has no modes of files", "what is stored", () => {
  it("is its owner's alone: a new data folder, all its files, and a backup", async () => {
    const data = join(temp.path, "data");
    const { host } = fill(data);
    const found = modes(data);
    expect(Object.keys(found)).toEqual(
      expect.arrayContaining(["lock.db", "lock.json", "catalog.db-wal", "consumers.db", "registry.db", "segments"]),
    );
    for (const [name, mode] of Object.entries(found)) {
      expect(`${name} ${mode}`).toBe(`${name} ${name === "." ? "700" : name === "segments" ? "folder 700" : "600"}`);
    }
    expect(host.lines.filter(({ message }) => message.includes("other users"))).toEqual([]);

    const reader = new FolderReader(testDriver, data);
    closes.push(() => reader.close());
    const backup = join(temp.path, "backup");
    await reader.backup(backup, () => {});
    for (const [name, mode] of Object.entries(modes(backup)))
      expect(`${name} ${mode}`).toMatch(/ (?:folder 700|[67]00)$/);
  });

  it("stays as it is where the folder was there, and the log says that others can look into it", () => {
    const data = join(temp.path, "data");
    mkdirSync(data);
    chmodSync(data, 0o755);
    const { host } = fill(data);
    expect(modeOf(data)).toBe("755");
    expect(modeOf(join(data, "catalog.db"))).toBe("600");
    expect(host.lines).toContainEqual({
      level: "info",
      message: expect.stringContaining("other users of this machine can look into the data folder"),
      fields: { folder: data, mode: "755" },
    });
  });

  it.each(loadableDrivers)("%s leaves a database that is there as it is", (_, driver) => {
    const path = join(temp.path, "a.db");
    driver.open(path).close();
    chmodSync(path, 0o644);
    const db = driver.open(path);
    db.exec("CREATE TABLE t (n)");
    db.close();
    expect(modeOf(path)).toBe("644");
  });
});
