import { isBuiltin } from "node:module";
import { describe, expect, it } from "vitest";
import { importsOf, sourceFiles } from "./import-rule.ts";
import { readText } from "./tidy.ts";

const page = readText("docs/dependencies.md");
const manifest = JSON.parse(readText("package.json")) as Record<string, Record<string, string>>;
const bundled = JSON.parse(readText("scripts/bundled-packages.json")) as string[];

describe("docs/dependencies.md", () => {
  it.each([
    ["Installed with the collector", Object.keys(manifest.dependencies as object)],
    ["Built into the pages and the command", bundled],
    ["What a program of yours may bring", Object.keys(manifest.peerDependencies as object)],
  ])("names each package once, with its reason and what was weighed: %s", (title, packages) => {
    const rows = rowsOf(title);
    expect(rows.flatMap(({ names }) => names).sort()).toEqual([...packages].sort());
    for (const { cells } of rows) expect(cells.filter((cell) => cell.length >= 10)).toHaveLength(cells.length);
  });

  it("names each package of development that is not built in", () => {
    const names = rowsOf("For development").flatMap((row) => row.names);
    const isNamed = (name: string): boolean =>
      names.some((known) => (known.endsWith("/*") ? name.startsWith(known.slice(0, -1)) : name === known));
    const others = Object.keys(manifest.devDependencies as object).filter((name) => !bundled.includes(name));
    expect(others.filter((name) => !isNamed(name))).toEqual([]);
    const unused = names.filter(
      (name) => !others.some((other) => other === name || other.startsWith(name.slice(0, -1))),
    );
    expect(unused).toEqual([]);
  });
});

it("the product imports only what is installed with it, built into it, or brought by the program that uses it", () => {
  const known = new Set([
    ...Object.keys(manifest.dependencies as object),
    ...Object.keys(manifest.peerDependencies as object),
    ...bundled,
  ]);
  const imported = new Set(
    ["src", "web/src"]
      .flatMap(sourceFiles)
      .flatMap(importsOf)
      .flatMap(({ target, specifier }) => (target === undefined ? [packageOf(specifier)] : []))
      .filter((name) => name !== undefined),
  );
  expect([...imported].filter((name) => !known.has(name))).toEqual([]);
  expect(bundled.filter((name) => !imported.has(name))).toEqual([]);
});

interface Row {
  readonly names: readonly string[];
  /** All cells but the first. */
  readonly cells: readonly string[];
}

/** Of the table under a heading. */
function rowsOf(title: string): Row[] {
  const [, section = ""] = page.split(`\n## ${title}\n`);
  const lines = (section.split("\n## ")[0] as string).split("\n").filter((line) => line.startsWith("| `"));
  return lines.map((line) => {
    const [first = "", ...cells] = line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim());
    return { names: [...first.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string), cells };
  });
}

/** `@a/b` of `@a/b/c`; undefined for Node's own and for a sentence that looks like an import. */
function packageOf(specifier: string): string | undefined {
  if (isBuiltin(specifier)) return undefined;
  return /^((?:@[\w.-]+\/)?[\w.-]+)(?:\/[\w./-]*)?$/.exec(specifier)?.[1];
}
