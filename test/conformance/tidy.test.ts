import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { filesBelow, missingPaths, proseOf, readSource, readText, withoutAddresses } from "./tidy.ts";
import {
  EXAMPLE_PATHS,
  HOMONYMS,
  LARGE_FOLDERS,
  LEFT_OUT_SILENTLY,
  LONG_FUNCTIONS,
  UNMEASURED,
} from "./tidy-allowed.ts";

const MOST_LINES = 70;
const MOST_FILES = 25;
const MOST_COLUMNS = 120;
const THIS_FILE = "test/conformance/tidy.test.ts";

const files = filesBelow(["src", "test", "bench", "scripts", "web/src", "examples"], /\.(?:tsx?|mjs|cjs)$/);
const sources = files.map((file) => readSource(file));
const pages = [...filesBelow(["docs", "changelog.d", "test"], /\.md$/), "README.md", "CONTRIBUTING.md"];
const isMeasured = (file: string): boolean => !UNMEASURED.some((place) => file.startsWith(place));
const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file);
const tooWide = (line: string): boolean => [...line].length > MOST_COLUMNS;

describe("every source", () => {
  it("is found", () => {
    expect(sources.length).toBeGreaterThan(900);
    expect(sources.flatMap(({ functions }) => functions).length).toBeGreaterThan(5_000);
    expect(pages.length).toBeGreaterThan(50);
  });

  it(`has functions of ${MOST_LINES} lines at most`, () => {
    const long = sources
      .filter(({ file }) => isMeasured(file))
      .flatMap(({ file, functions }) =>
        functions.filter(({ lines }) => lines > MOST_LINES).map(({ name }) => `${file}: ${name}`),
      );
    expect(long.sort()).toEqual(Object.keys(LONG_FUNCTIONS).sort());
  });

  it(`lies in a folder of ${MOST_FILES} sources at most`, () => {
    const folders = new Map<string, number>();
    for (const file of files) {
      const folder = posix.dirname(file);
      if (!isTest(file)) folders.set(folder, (folders.get(folder) ?? 0) + 1);
    }
    const crowded = [...folders].filter(([folder, count]) => count > (LARGE_FOLDERS[folder] ?? MOST_FILES));
    expect(crowded).toEqual([]);
  });

  it("exports names that no other exports, but for those that are known", () => {
    const homes = new Map<string, Set<string>>();
    for (const { file, exports } of sources) {
      if (!/^(?:src|web)\//.test(file) || isTest(file)) continue;
      for (const name of exports) homes.set(name, (homes.get(name) ?? new Set()).add(file));
    }
    const unknown = [...homes].filter(([name, { size }]) => size > 1 && HOMONYMS[name] === undefined);
    expect(unknown.map(([name, places]) => [name, ...places])).toEqual([]);
  });
});

it("a test is left out only with its reason in the title", () => {
  const silent = /\b(?:it|describe|test)\.(?:skip|skipIf|runIf|only|todo)\b/;
  const wrong = files.filter((file) => isTest(file) && silent.test(readText(file)));
  expect(wrong.filter((file) => !LEFT_OUT_SILENTLY.includes(file) && file !== THIS_FILE)).toEqual([]);
});

describe("comments and pages", () => {
  it(`have lines of ${MOST_COLUMNS} columns at most`, () => {
    const comments = sources.flatMap(({ file, comments }) => comments.map((line) => ({ file, ...line })));
    const prose = pages.flatMap((file) =>
      proseOf(readText(file)).map(({ number, text }) => ({ file, number, text: withoutAddresses(text) })),
    );
    const wide = [...comments, ...prose.filter(({ file }) => !file.startsWith("changelog.d/"))].filter(
      ({ file, text }) => isMeasured(file) && tooWide(text),
    );
    expect(wide.map(({ file, number }) => `${file}:${number}`)).toEqual([]);
  });

  it("name no path that is not there", () => {
    const said = [
      ...sources.flatMap(({ file, comments }) => comments.map(({ text }) => ({ file, text }))),
      ...pages.map((file) => ({ file, text: readText(file) })),
    ];
    const wrong = said.flatMap(({ file, text }) => missingPaths(text).map((path) => `${file} names ${path}`));
    expect(wrong.filter((line) => !EXAMPLE_PATHS.some((path) => line.endsWith(` ${path}`)))).toEqual([]);
  });
});

describe("what the checks see", () => {
  const text = [
    "/** See src/nowhere.ts and src/model/. */",
    "export const one = 1, two = () => {",
    "  return 2;",
    "};",
    "export class Three {",
    "  #four() {",
    "    // a comment",
    "    return function five() {};",
    "  }",
    "}",
    'export { six } from "./six.ts";',
    "export interface Seven {}",
    'describe("a suite", () => {',
    '  it("tests", () => {});',
    "});",
  ].join("\n");
  const source = readSource("any.ts", text);

  it("functions by the names around them, without suites", () => {
    expect(source.functions).toEqual([
      { name: "two", lines: 3 },
      { name: "Three.four", lines: 4 },
      { name: "Three.four.five", lines: 1 },
      { name: '"a suite"."tests"', lines: 1 },
    ]);
  });

  it("what a file declares and exports", () => {
    expect(source.exports).toEqual(["one", "two", "Three", "Seven"]);
  });

  it("lines with comments, and paths in them", () => {
    expect(source.comments.map(({ number }) => number)).toEqual([1, 7]);
    expect(missingPaths(text)).toEqual(["src/nowhere.ts"]);
    expect(missingPaths("docs/{architecture,nowhere}.md docs/*.md docs/no*.md https://host/src/a dist/src/a")).toEqual([
      "docs/no*.md",
    ]);
  });

  it("prose without code, tables and addresses", () => {
    const page = ["one", "```sh", "code", "```", "| a | b |", "[two](https://example.org/long)"].join("\n");
    expect(proseOf(page).map(({ text }) => withoutAddresses(text))).toEqual(["one", "[two]"]);
  });
});
