import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { fetchReason, fileReason, reasonOf } from "./reasons.ts";

function errorOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("no error");
}

it("says in words why a file cannot be read", () => {
  expect(fileReason(errorOf(() => readFileSync(join(tmpdir(), "no-such-file-here"))))).toBe("no such file or folder");
  expect(fileReason(errorOf(() => readFileSync(tmpdir())))).toBe("it is a folder, not a file");
  expect(fileReason(Object.assign(new Error("odd: EIO"), { code: "EIO" }))).toBe("odd: EIO");
  expect(fileReason("text")).toBe("text");
});

it("looks behind fetch's own words", async () => {
  // A port that fetch refuses by itself (Fetch standard, "bad port").
  const refused = await fetch("http://127.0.0.1:9/").catch((error: unknown) => error);
  expect(fetchReason(refused)).toBe("bad port");
  expect(fetchReason(new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } }))).toBe("ECONNREFUSED");
  expect(fetchReason(new Error("plain"))).toBe("plain");
});

it("has a reason for every failed connection", () => {
  expect(reasonOf(new AggregateError([new Error("no v6"), new Error("no v4")]))).toBe("no v6; no v4");
  expect(reasonOf(new TypeError(""))).toBe("TypeError");
  expect(reasonOf("text")).toBe("text");
});
