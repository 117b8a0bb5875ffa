import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";
import { parseSync } from "rolldown/utils";
import { ROOT } from "./import-rule.ts";

export interface Source {
  /** From the root of the project, with `/`. */
  readonly file: string;
  /** Without suites of tests, whose length says nothing. */
  readonly functions: readonly { readonly name: string; readonly lines: number }[];
  /** Names that the file declares and exports; what it passes on of another file is not counted. */
  readonly exports: readonly string[];
  readonly comments: readonly Line[];
}

export interface Line {
  readonly number: number;
  readonly text: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Files below the folders with one of the endings; from the root of the project, with `/`. */
export function filesBelow(folders: readonly string[], ending: RegExp): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => ending.test(name) && !name.includes("node_modules"))
      .map((name) => posix.join(folder, name.split(sep).join("/"))),
  );
}

/** Text of a file of the project. */
export function readText(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** What the checks look at in a file of TypeScript or JavaScript. */
export function readSource(file: string, text = readText(file)): Source {
  const { program, comments, errors } = parseSync(file, text);
  if (errors[0] !== undefined) throw new Error(`${file}: ${errors[0].message}`);
  const lineAt = lineFinder(text);
  const lines = text.split("\n");
  const functions: { name: string; lines: number }[] = [];
  visitFunctions(program as unknown as Node, "", (node, name) => {
    functions.push({ name, lines: lineAt(node.end) - lineAt(node.start) + 1 });
  });
  const commented = new Set<number>();
  for (const { start, end } of comments) for (let at = lineAt(start); at <= lineAt(end); at++) commented.add(at);
  return {
    file,
    functions,
    exports: exportedNames(program.body as unknown as readonly Node[]),
    comments: [...commented].map((number) => ({ number, text: lines[number - 1] as string })),
  };
}

function lineFinder(text: string): (offset: number) => number {
  const ends = [...text.matchAll(/\n/g)].map(({ index }) => index);
  return (offset) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] as number) < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}

/** Calls `found` for each function, with its name behind the names of what it is in. */
function visitFunctions(node: Node, around: string, found: (node: Node, name: string) => void): void {
  const own = nameOf(node);
  const name = [around, own].filter((part) => part !== undefined && part !== "").join(".");
  if (/^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type) && !isSuite(node)) {
    found(node, name);
  }
  for (const child of children(node)) visitFunctions(child, name, found);
}

function children(node: Node): Node[] {
  return Object.values(node)
    .flat()
    .filter((value): value is Node => typeof value === "object" && value !== null && "type" in value);
}

function nameOf(node: Node): string | undefined {
  const named = (node.id ?? node.key) as { readonly name?: string } | null | undefined;
  if (typeof named?.name === "string") return named.name;
  const [title] = node.type === "CallExpression" ? (node.arguments as readonly { readonly value?: unknown }[]) : [];
  return typeof title?.value === "string" && isTestCall(node) ? JSON.stringify(title.value) : undefined;
}

/** Holds tests in the first place: calls of `it` or `describe` are statements of it. */
function isSuite(node: Node): boolean {
  const { body } = (node.body ?? {}) as { readonly body?: readonly Node[] };
  return (
    Array.isArray(body) && body.some(({ expression }) => expression !== undefined && isTestCall(expression as Node))
  );
}

/** `it(…)`, `describe.each(…)(…)`, `itWhere(…)` */
function isTestCall(node: Node): boolean {
  let callee = node as Node | undefined;
  while (callee !== undefined && (callee.type === "CallExpression" || callee.type === "MemberExpression")) {
    callee = (callee.callee ?? callee.object) as Node | undefined;
  }
  return node.type === "CallExpression" && /^(?:it|test|describe)(?:Where)?$/.test(String(callee?.name));
}

function exportedNames(body: readonly Node[]): string[] {
  return body.flatMap((statement) => {
    if (statement.type !== "ExportNamedDeclaration") return [];
    const declaration = statement.declaration as Node | null;
    if (declaration === null) return [];
    const declared = (declaration.declarations as readonly Node[] | undefined) ?? [declaration];
    return declared.flatMap((one) => nameOf(one) ?? []);
  });
}

/** Lines of a page that are neither code nor table. */
export function proseOf(text: string): Line[] {
  let inCode = false;
  return text.split("\n").flatMap((line, at) => {
    if (line.startsWith("```") || /^\s+```/.test(line)) inCode = !inCode;
    return inCode || /^\s*(?:\||```)/.test(line) ? [] : [{ number: at + 1, text: line }];
  });
}

/** The line with the addresses of its links taken out. */
export function withoutAddresses(line: string): string {
  return line.replace(/\]\([^)]*\)/g, "]").replace(/https?:\/\/\S+/g, "");
}

const PATH =
  /(?<![\w/.@-])(?:src|test|docs|bench|scripts|web|examples|deploy|proto|changelog\.d)\/[\w./*{},-]*[\w*}/]/g;

/** Paths of the project that a text names and that are not there. `*` and `{a,b}` stand for what they do in a shell. */
export function missingPaths(text: string): string[] {
  return [...text.matchAll(PATH)]
    .map(([path]) => path)
    .filter((path) => (/[*{]/.test(path) ? globSync(path, { cwd: ROOT }).length === 0 : !existsSync(join(ROOT, path))));
}
