import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FileWatch } from "./file-watch.ts";

let folder: string;
let watch: FileWatch;
let changes: number;
const path = (name: string) => join(folder, name);
const look = () => vi.advanceTimersByTime(10);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  folder = mkdtempSync(join(tmpdir(), "spanloom-watch-"));
  writeFileSync(path("first"), "cert");
  symlinkSync("first", path("cert"));
  writeFileSync(path("key"), "key");
  changes = 0;
  watch = new FileWatch({ paths: [path("cert"), path("key")], onChange: () => changes++, lookEveryMs: 10 });
});
afterEach(() => {
  watch.close();
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

it("tells once of a pair that was replaced in two steps, after nothing more has changed", () => {
  look();
  writeFileSync(path("second"), "other cert");
  symlinkSync("second", path("swapped"));
  renameSync(path("swapped"), path("cert"));
  look();
  writeFileSync(path("key"), "other key");
  look();
  expect(changes).toBe(0);
  look();
  look();
  expect(changes).toBe(1);
});

it("tells of files that go and come, and of nothing after it was closed", () => {
  rmSync(path("key"));
  look();
  look();
  expect(changes).toBe(1);
  writeFileSync(path("key"), "key");
  look();
  look();
  expect(changes).toBe(2);
  watch.close();
  rmSync(path("key"));
  look();
  look();
  expect(changes).toBe(2);
});

it("does not tell of a change that was taken back before it settled", () => {
  renameSync(path("key"), path("aside"));
  look();
  // A rename changes the time of the inode, so what comes back is another state, told of once it has settled.
  renameSync(path("aside"), path("key"));
  look();
  expect(changes).toBe(0);
});
