import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

export interface Import {
  /** From the root of the project, with `/`. */
  readonly file: string;
  readonly specifier: string;
  /** From the root of the project, with `/`; undefined for a package. */
  readonly target: string | undefined;
}

/**
 * Which folders a folder may import, by its path (`src/storage/log`), as names of the folders beside it. The files that
 * lie directly in a folder are `src/storage/*` and `*`.
 */
export type ImportRule = ReadonlyMap<string, readonly string[]>;

/** The rows of all tables of a page whose first cell is a folder of `top` in backquotes. */
export function readImportRule(page: string, top: string): ImportRule {
  const rule = new Map<string, readonly string[]>();
  const row = new RegExp(`^\\| \`(${top}/[^\`]+?)/?\` \\|[^|]*\\|([^|]*)\\|$`, "gm");
  for (const [, folder, allowed] of page.matchAll(row)) {
    if (rule.has(folder as string)) throw new Error(`${folder} has two rows`);
    const names = (allowed as string).split(",").map((name) => name.trim());
    rule.set(
      folder as string,
      names.filter((name) => name !== ""),
    );
  }
  return rule;
}

/** What an import crosses: from one folder to another that lies beside it. Undefined inside one folder. */
export function arrowOf(rule: ImportRule, { file, target }: Import): { from: string; to: string } | undefined {
  if (target === undefined) return undefined;
  const parts = file.split("/");
  const others = target.split("/");
  let common = 0;
  while (common < parts.length - 1 && common < others.length - 1 && parts[common] === others[common]) common++;
  const above = parts.slice(0, common).join("/");
  const part = (path: readonly string[]) => (path.length - 1 === common ? "*" : (path[common] as string));
  const from = posix.join(above, part(parts));
  const to = part(others);
  // Folders without rows of their own are one.
  if (above !== "src" && !rule.has(from) && !rule.has(posix.join(above, to))) return undefined;
  return part(parts) === to ? undefined : { from, to };
}

/** Imports that the rule does not allow, and arrows of the rule that no import uses. */
export function brokenRules(rule: ImportRule, imports: readonly Import[]): string[] {
  const broken: string[] = [];
  const used = new Set<string>();
  for (const one of imports) {
    const arrow = arrowOf(rule, one);
    if (arrow === undefined) continue;
    used.add(`${arrow.from} > ${arrow.to}`);
    if (rule.get(arrow.from)?.includes(arrow.to) !== true) {
      broken.push(`${one.file} imports ${one.target}: ${arrow.from} may not import ${arrow.to}`);
    }
  }
  for (const [from, allowed] of rule) {
    for (const to of allowed) {
      if (!used.has(`${from} > ${to}`)) broken.push(`${from} may import ${to}, but nothing does`);
    }
  }
  return broken;
}

/** TypeScript below `folder` that is no test; from the root of the project, with `/`. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
    .map((name) => posix.join(folder, name.split(sep).join("/")));
}

/** Static and lazy imports of a file, re-exports and types included. */
export function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const pattern = /(?:^|\n)\s*(?:import|export)\b[^;'"]*?\bfrom\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g;
  return [...text.matchAll(pattern)].map((match) => {
    const specifier = (match[1] ?? match[2]) as string;
    const target = specifier.startsWith(".")
      ? relative(ROOT, resolve(dirname(join(ROOT, file)), specifier))
          .split(sep)
          .join("/")
      : undefined;
    return { file, specifier, target };
  });
}
