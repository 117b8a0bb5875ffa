import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeFolder } from "./make-folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-folder-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("makes parents, and nothing where all is there", () => {
  makeFolder(join(folder, "a/b/c"));
  makeFolder(join(folder, "a/b/c"));
  expect(statSync(join(folder, "a/b/c")).isDirectory()).toBe(true);
});

it("throws for a file in the way, as the folder itself or on the path to it", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => makeFolder(join(folder, "file"))).toThrow(/EEXIST/);
  expect(() => makeFolder(join(folder, "file/below"))).toThrow(/EEXIST|ENOTDIR/);
});

it.skipIf(!existsSync("/proc/self"))("gives up where the file system makes no folders", () => {
  expect(() => makeFolder("/proc/spanloom/data")).toThrow(/ENOENT/);
});
