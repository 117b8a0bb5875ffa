import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const SDK = dirname(fileURLToPath(import.meta.url));

/** Packages and files that importing a module loads: static imports and re-exports of values, followed to the end. */
function loadedBy(entry: string) {
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
  visit(entry);
  return { files: [...files].map((file) => file.slice(resolve(SDK, "..").length + 1)), packages, lazy };
}

describe("the SDK's entry", () => {
  const entry = loadedBy(join(SDK, "index.ts"));

  it("loads nothing but Node's own modules", () => {
    expect(entry.files.length).toBeGreaterThan(40);
    expect([...entry.packages].filter((name) => !name.startsWith("node:"))).toEqual([]);
    expect([...entry.packages]).toContain("node:http");
  });

  it("loads gRPC and clients of other registries only when they are used", () => {
    expect([...entry.lazy].sort()).toEqual(["../../discovery/declared-backend.ts", "@grpc/grpc-js"]);
  });

  it("loads no database, web server or gRPC for another registry", () => {
    const { files, packages } = loadedBy(join(SDK, "../discovery/declared-backend.ts"));
    expect(files).toContain("discovery/backends/etcd.ts");
    expect([...packages].filter((name) => !name.startsWith("node:")).sort()).toEqual(["yaml", "zod"]);
    const folders = new Set(files.map((file) => file.split("/")[0]));
    expect([...folders].sort()).toEqual(["component", "discovery", "model", "server"]);
  });

  it("loads none of the collector", () => {
    const folders = new Set(entry.files.map((file) => file.split("/")[0]));
    expect([...folders].sort()).toEqual(["codec", "component", "model", "propagation", "sdk"]);
    expect(entry.files).not.toContain("codec/rpc/definitions.ts");
  });

  it("leaves @opentelemetry/api to its own entry", () => {
    const { packages } = loadedBy(join(SDK, "otel-api.ts"));
    expect([...packages].filter((name) => !name.startsWith("node:"))).toEqual(["@opentelemetry/api"]);
  });
});
