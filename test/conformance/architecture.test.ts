import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const SRC = join(ROOT, "src");

/** Which folders of src/ a folder may import (docs/architecture.md). */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  model: [],
  codec: ["model"],
  propagation: ["model"],
  component: ["model", "codec", "propagation"],
  server: ["model", "codec", "component"],
  receivers: ["model", "codec", "component", "server"],
  processors: ["model", "codec", "component"],
  storage: ["model", "codec", "component"],
  exporters: ["model", "codec", "component", "propagation"],
  query: ["model", "codec", "component", "server"],
  discovery: ["model", "codec", "component", "server"],
  // The registry clients of discovery are loaded when a declaration names one: src/sdk/imports.test.ts.
  sdk: ["model", "codec", "propagation", "component", "discovery"],
  declarations: ["model", "component", "sdk"],
  proxy: ["model", "codec", "propagation", "component", "server", "discovery", "sdk"],
  app: [
    "model",
    "codec",
    "propagation",
    "component",
    "server",
    "receivers",
    "processors",
    "storage",
    "exporters",
    "query",
    "discovery",
    "declarations",
    "proxy",
    "sdk",
  ],
  testing: ["model", "codec", "component", "server", "app", "query"],
  cli: ["model", "codec", "component", "server", "app", "testing", "declarations", "query", "sdk"],
};

/** Only these files may know that there are threads; batch-group.ts names what a message between them gives away. */
const MAY_USE_THREADS =
  /^src\/storage\/(?:[a-z-]*(worker|client)[a-z-]*|batch-group|inline-transport|messages|port-stream)\.ts$/;
/** Only storage may know that there is SQLite. */
const MAY_USE_SQLITE = /^src\/storage\//;

interface Import {
  readonly file: string;
  readonly specifier: string;
}

describe("the import rule", () => {
  const imports = sourceFiles(SRC).flatMap(importsOf);

  it("finds the sources", () => {
    expect(imports.length).toBeGreaterThan(100);
  });

  it("lets arrows point one way only", () => {
    const wrong: string[] = [];
    for (const { file, specifier } of imports) {
      if (!specifier.startsWith(".")) continue;
      const from = folderOf(file);
      const target = resolve(dirname(join(ROOT, file)), specifier);
      if (!target.startsWith(SRC + sep)) {
        wrong.push(`${file} reaches outside src: ${specifier}`);
        continue;
      }
      const to = folderOf(relative(ROOT, target));
      if (from !== to && !(ALLOWED[from] ?? []).includes(to))
        wrong.push(`${file} (${from}) imports ${to}: ${specifier}`);
    }
    expect(wrong).toEqual([]);
  });

  it("keeps threads and SQLite inside storage", () => {
    const wrong = imports.filter(
      ({ file, specifier }) =>
        (specifier === "node:worker_threads" && !MAY_USE_THREADS.test(file)) ||
        ((specifier === "better-sqlite3" || specifier === "node:sqlite") && !MAY_USE_SQLITE.test(file)),
    );
    expect(wrong).toEqual([]);
  });

  it("knows every folder", () => {
    const folders = new Set(sourceFiles(SRC).map(folderOf));
    expect([...folders].filter((folder) => !(folder in ALLOWED))).toEqual([]);
  });

  it("lets only the command line end the process", () => {
    const wrong = sourceFiles(SRC).filter(
      (file) => !file.startsWith("src/cli/") && /\bprocess\.exit\(/.test(readFileSync(join(ROOT, file), "utf8")),
    );
    expect(wrong).toEqual([]);
  });

  it("lets the web UI share only response types, the columns format and the pure model", () => {
    const wrong = sourceFiles(join(ROOT, "web/src"))
      .flatMap(importsOf)
      .filter(({ file, specifier }) => {
        const target = relative(ROOT, resolve(dirname(join(ROOT, file)), specifier));
        return specifier.startsWith(".") && target.startsWith("src/") && !/^src\/(query\/ui|model)\//.test(target);
      });
    expect(wrong).toEqual([]);
  });
});

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
    .map((name) => relative(ROOT, join(folder, name)));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const pattern = /(?:^|\n)\s*(?:import|export)\b[^;'"]*?\bfrom\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g;
  return [...text.matchAll(pattern)].map((match) => ({ file, specifier: (match[1] ?? match[2]) as string }));
}

function folderOf(file: string): string {
  return file.split(sep)[1] as string;
}
