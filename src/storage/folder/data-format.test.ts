import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { incoming, makeBody, range, spanNumbers } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { formatOf, setFormat, toFormatOne } from "../../../test/support/storage/format-one.ts";
import { openFolder } from "../../../test/support/storage/open-folder.ts";
import { tempFolder } from "../../../test/support/storage/rig.ts";
import { traceIdHash } from "../../model/attribute-hash.ts";
import { decodeBlockIndex } from "../block/block-index.ts";
import { bloomMayContain, firstFilter } from "../block/bloom.ts";
import { fileAccess, StoredSource } from "../log/stored-source.ts";
import { FolderReader } from "../offline/folder-reader.ts";
import { FORMAT_VERSION } from "./layout.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

function open(path: string) {
  const { core, host, close } = openFolder(path, { segment: { maxSpans: 100, maxBytes: 1 << 30, maxAgeMs: 1e12 } });
  cleanups.push(close);
  const append = (first: number, count: number) => {
    core.append([incoming(makeBody("s", range(first, count)))]);
    core.settle();
  };
  return { host, append, close };
}

/** A folder of format 1: spans 1 to 100 in a closed segment, 101 to 150 in an open one. */
function oldFolder(): string {
  const temp = tempFolder();
  cleanups.push(() => temp.remove());
  const { close, append } = open(temp.path);
  append(1, 100);
  append(101, 50);
  close();
  toFormatOne(temp.path);
  return temp.path;
}

const catalog = (path: string) => join(path, "catalog.db");
const segment = (path: string, id: number) => join(path, "segments", `0000000${id}.db`);

function heads(path: string) {
  const source = new StoredSource(fileAccess(testDriver, path), (_, reason) => expect.fail(reason));
  try {
    return source.segments().flatMap(({ id }) => source.blocksAfter(id, 0, 1000));
  } finally {
    source.close();
  }
}

const numbersIn = (path: string) => heads(path).flatMap((head) => spanNumbers(decodeBlockIndex(head.index)));
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

function files(path: string): Map<string, string> {
  const names = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".db"));
  return new Map(names.map((name) => [name, readFileSync(join(path, name)).toString("latin1")]));
}

it("opening a folder of an older format for writing raises its number before the first row, and says so", () => {
  const path = oldFolder();
  const { close, host, append } = open(path);
  expect(formatOf(catalog(path))).toBe(String(FORMAT_VERSION));
  expect(formatOf(segment(path, 2))).toBe("1");
  expect(host.lines).toContainEqual(
    expect.objectContaining({
      level: "info",
      message: expect.stringContaining("older versions will refuse it"),
      fields: { before: 1, now: FORMAT_VERSION },
    }),
  );
  append(151, 10);
  expect(formatOf(segment(path, 2))).toBe(String(FORMAT_VERSION));
  close();
  const again = open(path);
  expect(again.host.lines.filter(({ level }) => level === "info")).toEqual([]);
});

it("a folder of an older format is read as it is, its rows beside those of the new form", () => {
  const path = oldFolder();
  const old = heads(path);
  expect(old.every(({ bloom }) => firstFilter(bloom) === bloom)).toBe(true);
  const closed = readFileSync(segment(path, 1));
  const { close, append } = open(path);
  append(151, 10);
  close();
  expect(numbersIn(path)).toEqual(numbers(160));
  const now = heads(path);
  expect(now.slice(0, old.length)).toEqual(old);
  expect(now.slice(old.length).every(({ bloom }) => firstFilter(bloom) !== bloom)).toBe(true);
  for (const { bloom, index } of now) {
    const { traceIds } = decodeBlockIndex(index);
    expect(bloomMayContain(bloom, traceIdHash(traceIds, 0))).toBe(true);
  }
  expect(readFileSync(segment(path, 1)).equals(closed)).toBe(true);
  expect(formatOf(segment(path, 1))).toBe("1");
});

it("looking at a folder of an older format leaves its number, and so does a copy", async () => {
  const path = oldFolder();
  const before = files(path);
  const reader = new FolderReader(testDriver, path);
  const copy = join(path, "copy");
  try {
    expect(await reader.check(() => {})).toMatchObject({ spans: 150, problems: [] });
    await reader.backup(copy, () => {});
  } finally {
    reader.close();
  }
  expect(formatOf(catalog(copy))).toBe("1");
  expect(numbersIn(copy)).toEqual(numbers(150));
  rmSync(copy, { recursive: true });
  expect(files(path)).toEqual(before);
});

it("a copy that is made while the number is raised has the new one", async () => {
  const path = oldFolder();
  const reader = new FolderReader(testDriver, path);
  const copy = join(path, "copy");
  let opened: ReturnType<typeof open> | undefined;
  try {
    await reader.backup(copy, () => {
      if (opened !== undefined) return;
      opened = open(path);
      opened.append(151, 10);
    });
  } finally {
    reader.close();
  }
  expect(formatOf(catalog(copy))).toBe(String(FORMAT_VERSION));
  expect(numbersIn(copy)).toEqual(numbers(160));
});

it("a folder of a newer format is refused by name, for writing and for reading, and nothing in it changes", () => {
  const path = oldFolder();
  const newer = FORMAT_VERSION + 1;
  setFormat(catalog(path), newer);
  const before = files(path);
  const refused = expect.objectContaining({
    code: "data_format_unknown",
    message: expect.stringMatching(new RegExp(`${path} has format ${newer}.*formats up to ${FORMAT_VERSION}:`)),
  });
  expect(() => open(path)).toThrow(refused);
  expect(() => new FolderReader(testDriver, path)).toThrow(refused);
  expect(files(path)).toEqual(before);
});

it("a folder of a newer format is refused by its segments where its catalog is lost", () => {
  const path = oldFolder();
  setFormat(segment(path, 1), FORMAT_VERSION + 1);
  rmSync(catalog(path));
  expect(() => open(path)).toThrow(
    expect.objectContaining({
      code: "data_format_unknown",
      message: expect.stringContaining("00000001.db has format"),
    }),
  );
  expect(readdirSync(join(path, "segments"))).toContain("00000001.db");
  setFormat(segment(path, 1), 1);
  open(path);
  expect(numbersIn(path)).toEqual(numbers(150));
});

it("a segment of a newer format refuses the folder by name whatever the catalog says, and stays as it is", () => {
  const path = oldFolder();
  setFormat(segment(path, 2), FORMAT_VERSION + 1);
  const before = readFileSync(segment(path, 2));
  expect(() => open(path)).toThrow(
    expect.objectContaining({
      code: "data_format_unknown",
      message: expect.stringMatching(/00000002\.db has format 3.*run the version that wrote it/),
    }),
  );
  expect(readdirSync(join(path, "segments")).filter((name) => name.includes("damaged"))).toEqual([]);
  expect(readFileSync(segment(path, 2))).toEqual(before);
});
