import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const SRC = resolve(dirname(fileURLToPath(import.meta.url)), "../../src");

export interface Loaded {
  /** Below src/. */
  readonly files: readonly string[];
  readonly packages: ReadonlySet<string>;
  /** What is imported by `import()`, as it is written. */
  readonly lazy: ReadonlySet<string>;
}

/** What importing a module of src/ loads: static imports and re-exports of values, followed to the end. */
export function loadedBy(entry: string): Loaded {
  const files = new Set<string>();
  const packages = new Set<string>();
  const lazy = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    const text = readFileSync(file, "utf8");
    const statements = text.matchAll(/^(?:import|export)\s+(?!type\b)(?:[^;"']*?\sfrom\s+)?"([^"]+)";/gm);
    for (const [statement, specifier] of statements) {
      const named = /\{([^}]*)\}/.exec(statement)?.[1];
      const onlyTypes = named?.split(",").every((name) => name.trim() === "" || name.trim().startsWith("type "));
      // verbatimModuleSyntax keeps such an import as one for its effects, so it loads the module all the same.
      if (onlyTypes === true && /^\w+\s+type\b/.test(statement)) continue;
      if (specifier?.startsWith(".")) visit(resolve(dirname(file), specifier));
      else packages.add(specifier as string);
    }
    for (const [, specifier] of text.matchAll(/\bimport\("([^"]+)"\)/g)) lazy.add(specifier as string);
  };
  visit(join(SRC, entry));
  return { files: [...files].map((file) => relative(SRC, file)), packages, lazy };
}

/** Without Node's own. */
export function othersOf({ packages }: Loaded): string[] {
  return [...packages].filter((name) => !name.startsWith("node:")).sort();
}
