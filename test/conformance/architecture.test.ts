import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import { brokenRules, type ImportRule, importsOf, ROOT, readImportRule, sourceFiles } from "./import-rule.ts";

describe("the import rule of docs/architecture.md", () => {
  const rule = readImportRule(readFileSync(join(ROOT, "docs/architecture.md"), "utf8"), "src");
  const files = sourceFiles("src");
  const imports = files.flatMap(importsOf);

  it("finds the sources and the tables", () => {
    expect(imports.length).toBeGreaterThan(2_000);
    expect(rule.size).toBeGreaterThan(70);
  });

  it("lets arrows point one way only, and names none that is not there", () => {
    expect(brokenRules(rule, imports)).toEqual([]);
  });

  it("has no way back from a folder to itself", () => {
    expect([...rule.keys()].flatMap((folder) => wayBack(rule, folder) ?? [])).toEqual([]);
  });

  it("knows every folder", () => {
    const missing = new Set<string>();
    for (const file of files) {
      const folder = posix.dirname(file);
      const above = posix.dirname(folder);
      const divided = [...rule.keys()].some((name) => posix.dirname(name) === folder);
      if (folder !== "src" && !rule.has(folder)) missing.add(folder);
      if (folder !== "src" && divided && !rule.has(`${folder}/*`)) missing.add(`${folder}/*`);
      if (above !== "src" && !rule.has(above)) missing.add(above);
    }
    expect([...missing]).toEqual([]);
  });

  it("keeps imports inside src", () => {
    expect(imports.filter(({ target }) => target !== undefined && !target.startsWith("src/"))).toEqual([]);
  });

  it("keeps threads and SQLite in their folders of storage", () => {
    const wrong = imports.filter(
      ({ file, specifier }) =>
        (specifier === "node:worker_threads" && !file.startsWith("src/storage/threads/")) ||
        (/^(?:better-sqlite3|node:sqlite)$/.test(specifier) && !file.startsWith("src/storage/sqlite/")),
    );
    expect(wrong).toEqual([]);
  });

  it("lets only the command line end the process", () => {
    const wrong = files.filter(
      (file) => !file.startsWith("src/cli/") && /\bprocess\.exit\(/.test(readFileSync(join(ROOT, file), "utf8")),
    );
    expect(wrong).toEqual([]);
  });

  it("lets the web UI share only response types, the columns format, pure parts of queries and the pure model", () => {
    const wrong = sourceFiles("web/src")
      .flatMap(importsOf)
      .filter(
        ({ target }) =>
          target?.startsWith("src/") && !/^src\/(query\/(ui|analysis|local)|traceql|model)\//.test(target),
      );
    expect(wrong).toEqual([]);
  });
});

describe("brokenRules", () => {
  const page = [
    "| folder | what | may import |",
    "|---|---|---|",
    "| `src/low/` | below | |",
    "| `src/high/` | above | low |",
    "| `src/high/one/` | first | |",
    "| `src/high/two/` | second | one |",
    "| `src/high/*` | the door | two |",
  ].join("\n");
  const rule = readImportRule(page, "src");
  const arrow = (file: string, target: string) => ({ file, specifier: "./x.ts", target });
  const right = [
    arrow("src/high/one/a.ts", "src/low/b.ts"),
    arrow("src/high/two/a.ts", "src/high/one/b.ts"),
    arrow("src/high/door.ts", "src/high/two/b.ts"),
    arrow("src/high/one/a.ts", "src/high/one/b.ts"),
  ];

  it("is content with arrows that the tables have", () => {
    expect(brokenRules(rule, right)).toEqual([]);
  });

  it.each([
    ["between folders of src", arrow("src/low/a.ts", "src/high/one/b.ts"), "src/low may not import high"],
    ["between sub-folders", arrow("src/high/one/a.ts", "src/high/two/b.ts"), "src/high/one may not import two"],
    ["up to the folder's own files", arrow("src/high/one/a.ts", "src/high/door.ts"), "src/high/one may not import *"],
    [
      "down from the folder's own files",
      arrow("src/high/door.ts", "src/high/one/b.ts"),
      "src/high/* may not import one",
    ],
  ])("refuses an arrow %s", (_, wrong, text) => {
    expect(brokenRules(rule, [...right, wrong])).toEqual([expect.stringContaining(text)]);
  });

  it("refuses an allowed arrow that nothing uses", () => {
    expect(brokenRules(rule, right.slice(1))).toEqual(["src/high may import low, but nothing does"]);
  });
});

/** The folders on a way along allowed arrows that ends where it began. */
function wayBack(rule: ImportRule, start: string): string[] | undefined {
  const seen = new Set<string>();
  const follow = (folder: string, way: readonly string[]): string[] | undefined => {
    for (const name of rule.get(folder) ?? []) {
      const next = posix.join(posix.dirname(folder), name);
      if (next === start) return [[...way, next].join(" > ")];
      if (seen.has(next)) continue;
      seen.add(next);
      const found = follow(next, [...way, next]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return follow(start, [start]);
}
