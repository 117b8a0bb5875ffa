import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { loadedBy, othersOf } from "../support/loaded-by.ts";

const DIST = resolve(import.meta.dirname, "../../dist");

// What a program loads before it does anything is most of the time that it takes to start.
describe("at their start", () => {
  it("commands load what reads their flags, and no part of the collector", () => {
    const command = loadedBy("cli/run-command.ts");
    expect(othersOf(command)).toEqual(["commander"]);
    const folders = new Set(command.files.map((file) => file.split("/")[0]));
    expect([...folders].sort()).toEqual(["app", "cli", "codec", "component", "model", "query"]);
    const ofApp = command.files.filter((file) => file.startsWith("app/"));
    expect(ofApp.sort()).toEqual(["app/version.ts"]);
    expect(
      [...command.packages].filter((name) => /^node:(?:http|http2|net|tls|zlib|worker_threads)$/.test(name)),
    ).toEqual([]);
  });

  it("`serve` reads its config before it loads web server, gRPC and SQLite", () => {
    expect(othersOf(loadedBy("cli/commands/serve-run.ts"))).toEqual(["zod"]);
    expect(othersOf(loadedBy("app/collector.ts"))).toEqual(["zod"]);
  });

  it.each(["ingest", "query", "export"])("the %s thread loads SQLite and its own part", (name) => {
    expect(othersOf(loadedBy(`storage/threads/${name}-worker.ts`))).toEqual(["better-sqlite3"]);
    expect(othersOf(loadedBy(`app/store-modules/${name}.ts`))).toEqual([]);
  });
});

describe("as it is built", () => {
  it("the command loads nothing that an old Node cannot read before it knows which one it has", () => {
    const { files, packages, text } = builtFiles("cli/main.js");
    expect({ files, packages }).toEqual({ files: 3, packages: [] });
    expect(text.length).toBeLessThan(5000);
    expect(text).toContain("is too old");
  });

  it("each of them is a few files, with the same packages", () => {
    const [chunk] = /chunks\/run-command-[^"]+/.exec(builtFiles("cli/main.js").text) ?? [];
    const command = builtFiles(chunk as string);
    expect([command.files, command.packages]).toEqual([5, []]);
    for (const name of ["ingest", "query", "export"]) {
      const { files, packages } = builtFiles(`storage/threads/${name}-worker.js`, `app/store-modules/${name}.js`);
      expect(files).toBeLessThanOrEqual(14);
      expect(packages).toEqual(["better-sqlite3"]);
    }
    const { files, packages } = builtFiles("app/collector.js");
    expect(files).toBeLessThanOrEqual(11);
    expect(packages).toEqual([]);
  });

  it("threads and the kit for tests read little that they do not need", () => {
    const MIB = 1024 * 1024;
    const bytes = (...entries: readonly string[]) => builtFiles(...entries).text.length;
    expect(bytes("storage/threads/ingest-worker.js", "app/store-modules/ingest.js")).toBeLessThan(0.65 * MIB);
    expect(bytes("storage/threads/export-worker.js", "app/store-modules/export.js")).toBeLessThan(0.45 * MIB);
    // What answers readers is loaded when somebody waits for a trace.
    expect(bytes("testing/testing.js")).toBeLessThan(MIB);
  });

  it("no bundle imports node:http as a module, which runs all of undici", () => {
    const importing = readdirSync(join(DIST, "chunks")).filter((name) =>
      /^import\b[^;]* from "node:http";/m.test(readFileSync(join(DIST, "chunks", name), "utf8")),
    );
    expect(importing).toEqual([]);
  });
});

/** How many files of dist/ the entries load, what they hold, and which packages they import. */
function builtFiles(...entries: readonly string[]): { files: number; packages: string[]; text: string } {
  const files = new Map<string, string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    const text = readFileSync(join(DIST, file), "utf8");
    files.set(file, text);
    for (const [, target = ""] of text.matchAll(/^(?:import|export)\b[^"'\n;]*"([^"\n]+)"/gm)) {
      if (target.startsWith(".")) visit(relative(DIST, resolve(DIST, dirname(file), target)));
      else if (!target.startsWith("node:")) packages.add(target);
    }
  };
  for (const entry of entries) visit(entry);
  return { files: files.size, packages: [...packages].sort(), text: [...files.values()].join("\n") };
}
