import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { classesOf, selectorsOf } from "./style-sheet.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const WEB = join(ROOT, "web/src");
const BASE_SHEET = "styles/base.css";
const TOKEN_SHEET = "styles/tokens.css";
/** Each an application of its own: the pages, and the page of a saved trace. */
const ENTRIES = ["main.tsx", "saved/main.tsx"];

const files = readdirSync(WEB, { recursive: true, encoding: "utf8" }).map((name) => name.split(sep).join("/"));
const sources = files.filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name));
const sheets = files.filter((name) => name.endsWith(".css"));
const modules = sheets.filter((name) => name.endsWith(".module.css"));
const textOf = new Map([...sources, ...sheets].map((name) => [name, readFileSync(join(WEB, name), "utf8")]));
const read = (name: string) => textOf.get(name) as string;

describe("the import rule of web/src", () => {
  const allowed = tableOf(readFileSync(join(ROOT, "docs/architecture.md"), "utf8"), "Inside web/src");
  const imports = sources.flatMap(importsOf).filter(({ to }) => !to.startsWith("../") && !to.endsWith(".css"));
  const arrows = imports
    .map((entry) => ({ ...entry, from: posix.dirname(entry.file), into: posix.dirname(entry.to) }))
    .filter(({ from, into }) => from !== into);

  it("finds the sources and the table", () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(allowed.size).toBeGreaterThan(8);
  });

  it("has a row for every folder", () => {
    expect([...allowed.keys()].sort()).toEqual([...new Set(sources.map((name) => posix.dirname(name)))].sort());
  });

  it("lets a row import rows above it only", () => {
    const rows = [...allowed.keys()];
    const wrong = [...allowed].filter(([row, names]) =>
      names.some((name) => !rows.slice(0, rows.indexOf(row)).includes(name)),
    );
    expect(wrong).toEqual([]);
  });

  it("forbids imports that the table does not name", () => {
    const wrong = arrows.filter(({ from, into }) => allowed.get(from)?.includes(into) !== true);
    expect(wrong.map(({ file, to }) => `${file} imports ${to}`)).toEqual([]);
  });

  it("names no import that nobody needs", () => {
    const used = new Set(arrows.map(({ from, into }) => `${from} imports ${into}`));
    const named = [...allowed].flatMap(([row, names]) => names.map((name) => `${row} imports ${name}`));
    expect(named.filter((arrow) => !used.has(arrow))).toEqual([]);
  });
});

describe("the style sheets", () => {
  it("are CSS modules, but for two", () => {
    expect(sheets.filter((name) => !modules.includes(name)).sort()).toEqual([BASE_SHEET, TOKEN_SHEET]);
    expect(modules.length).toBeGreaterThan(20);
  });

  it("are imported in their folders only", () => {
    const wrong = sources
      .flatMap(importsOf)
      .filter(({ to }) => to.endsWith(".css"))
      .filter(({ file, to }) =>
        modules.includes(to) ? posix.dirname(file) !== posix.dirname(to) : !ENTRIES.includes(file),
      );
    expect(wrong).toEqual([]);
  });

  it.each(modules)("%s has the classes that its folder uses, and no others", (sheet) => {
    const used = new Set<string>();
    for (const file of sources) {
      for (const { name } of importsOf(file).filter(({ to }) => to === sheet)) {
        const text = read(file);
        for (const [, member] of text.matchAll(new RegExp(`\\b${name}\\.(\\w+)`, "g"))) used.add(member as string);
        expect(text, `${file} names classes of ${sheet} by computed names`).not.toMatch(new RegExp(`\\b${name}\\[`));
      }
    }
    expect([...used].sort()).toEqual(classesOf(read(sheet)));
  });

  it.each(modules)("%s styles nothing outside its component", (sheet) => {
    expect(read(sheet)).not.toContain(":global");
    expect(selectorsOf(read(sheet)).filter(({ selector }) => !/\.[a-z]/i.test(selector))).toEqual([]);
  });

  it("give way in layers: elements to shared parts, those to the parts of a page", () => {
    const layerOf = (sheet: string) => [...new Set(selectorsOf(read(sheet)).map(({ layer }) => layer))];
    expect(layerOf(BASE_SHEET)).toEqual(["ui.base"]);
    const wrong = modules.filter((sheet) => layerOf(sheet).join() !== (sheet.startsWith("ui/") ? "ui" : ""));
    expect(wrong).toEqual([]);
  });

  it("have global classes in the base sheet alone, each of them used", () => {
    expect(classesOf(read(TOKEN_SHEET))).toEqual([]);
    const known = classesOf(read(BASE_SHEET));
    const literals = sources.flatMap((file) =>
      [...read(file).matchAll(/"([^"\n]*)"/g)].map((match) => match[1] as string),
    );
    const words = new Set(literals.flatMap((literal) => literal.split(" ")));
    expect(known.filter((name) => !words.has(name))).toEqual([]);
    const given = sources.flatMap((file) => globalClasses(read(file)).map((name) => ({ file, name })));
    expect(given.length).toBeGreaterThan(20);
    expect(given.filter(({ name }) => !known.includes(name))).toEqual([]);
  });
});

interface Import {
  readonly file: string;
  /** Below web/src. */
  readonly to: string;
  /** Of a default import. */
  readonly name: string;
}

function importsOf(file: string): Import[] {
  const pattern = /(?:^|\n)(?:import|export)\b\s*(\w*)[^;'"]*?["'](\.[^"']+)["']|\bimport\(\s*["'](\.[^"']+)["']/g;
  return [...read(file).matchAll(pattern)].map(([, name = "", specifier, lazy]) => {
    const target = resolve(dirname(join(WEB, file)), (specifier ?? lazy) as string);
    return { file, to: relative(WEB, target).split(sep).join("/"), name };
  });
}

/** Folder and names that it may import, of the table under a heading. */
function tableOf(page: string, heading: string): ReadonlyMap<string, readonly string[]> {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const rows = section.split(/\n## /, 1)[0]?.matchAll(/^\| `([^`]+)` \|[^|]*\|([^|]*)\|$/gm) ?? [];
  return new Map(
    [...rows].map(([, folder, names]) => [
      posix.join(folder as string, ".").replace(/\/$/, ""),
      (names as string).trim() === "nothing" ? [] : (names as string).split(",").map((name) => name.trim()),
    ]),
  );
}

/** Class names written out: as a `className`, or among the arguments of `classNames`. */
function globalClasses(source: string): string[] {
  const plain = [...source.matchAll(/\bclassName\s*=\s*"([^"]*)"/g)].map((match) => match[1]);
  const joined = [...source.matchAll(/\bclassNames\(([^()]*)\)/g)].flatMap(([, names]) =>
    [...(names as string).matchAll(/"([^"]*)"/g)].map((match) => match[1]),
  );
  return [...plain, ...joined].flatMap((names) => (names as string).split(" ")).filter((name) => name !== "");
}
