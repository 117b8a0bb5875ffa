import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const PNPM = ["--yes", "pnpm@10"];

// What a user does: an install in an empty folder, everything from the registry. No package runs a script.
const INSTALLERS: Readonly<Record<string, (folder: string, archive: string) => void>> = {
  npm: (folder, archive) => run(folder, "npm", ["install", "--no-audit", "--no-fund", "--silent", archive]),
  "npm without install scripts": (folder, archive) =>
    run(folder, "npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", archive]),
  pnpm: (folder, archive) =>
    run(folder, "npx", [...PNPM, "add", "--silent", "--store-dir", join(folder, "store"), archive]),
};

const hasPnpm = spawnSync("npx", [...PNPM, "--version"], { cwd: tmpdir() }).status === 0;

describe.each(Object.entries(INSTALLERS))("the packed package, installed in an empty folder by %s", (name, install) => {
  const missing = name === "pnpm" && !hasPnpm;
  let folder: string;

  beforeAll(() => {
    if (missing) return;
    folder = mkdtempSync(join(tmpdir(), "spanloom-install-"));
    run(ROOT, "npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder]);
    const archive = readdirSync(folder).find((file) => file.endsWith(".tgz")) as string;
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "try", type: "module" }));
    install(folder, `./${archive}`);
  });

  afterAll(() => {
    if (!missing) rmSync(folder, { recursive: true, force: true });
  });

  it("gives a command that tells its version", (context) => {
    if (missing) context.skip("pnpm cannot be fetched here");
    const output = run(folder, join(folder, "node_modules/.bin/spanloom"), ["--version"]);
    expect(output.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it.for(["better-sqlite3", "node:sqlite", "auto"])(
    "gives a collector that stores in SQLite: %s",
    (driver, context) => {
      if (missing) context.skip("pnpm cannot be fetched here");
      const program = `
      import { createCollector } from "spanloom/collector";
      const storage = { kind: "sqlite", path: "./data-${driver.replace(":", "-")}", driver: "${driver}" };
      const collector = await createCollector({ storage });
      const span = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", name: "installed" };
      await fetch(collector.endpoints.otlpHttp + "/v1/traces", {
        method: "POST", headers: { "content-type": "application/json" },
        body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
      });
      const answer = await fetch(collector.endpoints.ui + "api/traces/" + span.traceId);
      console.log((await answer.json()).data[0].spans.length);
      await collector.shutdown();`;
      expect(run(folder, process.execPath, ["--input-type=module", "-e", program]).trim()).toBe("1");
    },
  );
});

function run(cwd: string, command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd, encoding: "utf8" });
}
