import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WholeFile } from "./whole-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-whole-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const LINES = Array.from({ length: 5_000 }, (_, i) => `${i} ${"x".repeat(100)}\n`);

// Node has zstd from 22.15 on.
const NAMES = ["f.jsonl", "f.jsonl.gz", ...(zstdDecompressSync === undefined ? [] : ["f.jsonl.zst"])];

it.each(NAMES)("has its name when it is whole, and not before: %s", async (name) => {
  const path = join(folder, name);
  writeFileSync(path, "old");
  const file = await WholeFile.create(path);
  for (const line of LINES) await file.write(line);
  expect(readFileSync(path, "utf8")).toBe("old");
  await file.finish();
  const bytes = readFileSync(path);
  const plain = name.endsWith("gz") ? gunzipSync(bytes) : name.endsWith("zst") ? zstdDecompressSync(bytes) : bytes;
  expect(plain.toString()).toBe(LINES.join(""));
  expect(readdirSync(folder)).toEqual([name]);
});

it("leaves what was there when it is discarded", async () => {
  const path = join(folder, "f.jsonl");
  writeFileSync(path, "old");
  const file = await WholeFile.create(path);
  await file.write("new\n");
  await file.discard();
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["f.jsonl"]);
});

it("says what cannot be written before anything is", async () => {
  mkdirSync(join(folder, "f"));
  await expect(WholeFile.create(join(folder, "f"))).rejects.toThrow(/f: cannot be written: it is a folder/);
  await expect(WholeFile.create(join(folder, "no", "f"))).rejects.toThrow(/cannot be written: no such file or folder/);
});

it("writes what is no file as it comes", async () => {
  const file = await WholeFile.create("/dev/null");
  for (const line of LINES) await file.write(line);
  await file.finish();
});
