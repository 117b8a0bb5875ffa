import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

// What a user does: npm install in an empty folder, everything from the registry, the add-on compiled.
describe("npm install of the packed package in an empty folder", () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "spanloom-install-"));
    execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], { cwd: ROOT });
    const archive = readdirSync(folder).find((name) => name.endsWith(".tgz")) as string;
    const allow = { "better-sqlite3": true };
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "try", type: "module", allowScripts: allow }));
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--silent", `./${archive}`], {
      cwd: folder,
      env: {
        ...process.env,
        npm_config_build_from_source: "true",
        npm_config_nodedir: dirname(dirname(process.execPath)),
      },
    });
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("gives a command that tells its version", () => {
    const output = execFileSync(join(folder, "node_modules/.bin/spanloom"), ["--version"]).toString();
    expect(output.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it("gives a collector that stores in SQLite", () => {
    const program = `
      import { createCollector } from "spanloom/collector";
      const collector = await createCollector({ storage: { kind: "sqlite", path: "./data" } });
      const span = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", name: "installed" };
      await fetch(collector.endpoints.otlpHttp + "/v1/traces", {
        method: "POST", headers: { "content-type": "application/json" },
        body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
      });
      const answer = await fetch(collector.endpoints.ui + "api/traces/" + span.traceId);
      console.log((await answer.json()).data[0].spans.length);
      await collector.shutdown();`;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: folder });
    expect(output.toString().trim()).toBe("1");
  });
});
