import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packInto } from "../support/packed-project.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
/** The first commands make the package, which is there already. */
const PACKING = /^npm pack /;
const MINUTES = 300_000;

let folder: string;
let archive: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-examples-"));
  archive = packInto(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, cwd: string): { readonly status: number | null; readonly output: string } {
  const { NODE_OPTIONS: _, VITEST: __, NODE_ENV: ___, ...env } = process.env;
  const done = spawnSync("bash", ["-euo", "pipefail", "-c", command], {
    cwd,
    env: { ...env, NO_COLOR: "1", npm_config_audit: "false", npm_config_fund: "false" },
    timeout: MINUTES,
  });
  return { status: done.status, output: `${done.stdout}${done.stderr}` };
}

describe("an example that is copied into a folder of its own, with the packed package", () => {
  it.each([
    ["express-vitest", "Tests  3 passed"],
    ["express-jest", "Tests:       2 passed"],
  ])(
    "passes: %s",
    (name, passed) => {
      const project = join(folder, `copy-of-${name}`);
      cpSync(join(ROOT, "examples", name), project, { recursive: true });
      const { status, output } = run(`npm install --silent "${archive}" && npm test`, project);
      expect(output).toContain(passed);
      expect(status).toBe(0);
    },
    MINUTES,
  );
});

interface Step {
  readonly language: string;
  readonly text: string;
}

/** What a reader of the page does, in order: commands, and files under the names that their first lines say. */
function stepsOf(page: string): Step[] {
  const content = readFileSync(join(ROOT, "docs", page), "utf8");
  const fences = content.matchAll(/^```(sh|js)\n(.*?)^```$/gms);
  return [...fences].map(([, language = "", text = ""]) => ({ language, text }));
}

it(
  "docs/slower-endpoint.md leads from tests that pass to one that fails, and back",
  () => {
    let cwd = folder;
    const outputs: string[] = [];
    for (const { language, text } of stepsOf("slower-endpoint.md")) {
      const [, file] = /^\/\/ (src\/\S+)\n/.exec(text) ?? [];
      if (language === "js" && file !== undefined) writeFileSync(join(cwd, file), text);
      if (language !== "sh" || PACKING.test(text)) continue;
      const { status, output } = run(text, cwd);
      const [, into] = /^cd (\S+)$/m.exec(text) ?? [];
      if (into !== undefined) cwd = join(cwd, into);
      expect([text, status === 0, output]).toEqual([text, !text.includes("# fails"), output]);
      outputs.push(output);
    }
    expect(outputs.map((output) => /Tests .*/.exec(output)?.[0])).toEqual([
      expect.stringContaining("3 passed (3)"),
      expect.stringContaining("2 failed | 1 passed (3)"),
      expect.stringContaining("3 passed (3)"),
    ]);
    expect(outputs[1]).toMatch(/perTrace: expected at most 1, found 3 in trace [0-9a-f]{32}/);
    expect(outputs[1]).toMatch(/├─ shop {2}SELECT items/);
  },
  MINUTES,
);
