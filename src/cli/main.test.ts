import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { EXIT } from "./output/exit-codes.ts";

const DIST = resolve(import.meta.dirname, "../../dist");

/** Runs a program that takes its Node for version 20.20.2. */
function onOldNode(args: readonly string[]) {
  const pretend = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })';
  return spawnSync(process.execPath, ["--import", `data:text/javascript,${encodeURIComponent(pretend)}`, ...args], {
    encoding: "utf8",
    timeout: 30_000,
  });
}

describe("a Node that is too old", () => {
  it("is refused by the command", () => {
    const { status, stdout, stderr } = onOldNode([`${DIST}/cli/main.js`, "--version"]);
    expect([status, stdout]).toEqual([EXIT.usage, ""]);
    expect(stderr).toMatch(/^spanloom: Node 20\.20\.2 is too old: spanloom needs Node \d+\.\d+ or newer \(.+\)\n$/);
  });

  it.each(["memory", "sqlite"])("is refused by the library before it loads SQLite: %s", (kind) => {
    const program = `
      import { createRequire } from "node:module";
      import { createCollector } from "${DIST}/app/collector.js";
      const error = await createCollector({ storage: { kind: "${kind}" } }).catch((error) => error);
      const native = Object.keys(createRequire(import.meta.url).cache).filter((file) => file.endsWith(".node"));
      console.log(JSON.stringify([error.name, error.code, error.message, native]));`;
    const { stdout } = onOldNode(["--input-type=module", "-e", program]);
    const message = expect.stringContaining("Node 20.20.2 is too old");
    expect(JSON.parse(stdout)).toEqual(["PermanentError", "unsupported", message, []]);
  });
});
