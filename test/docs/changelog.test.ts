import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ROOT } from "./files.ts";

function changelog(cwd: string, ...args: string[]): { readonly code: number | null; readonly said: string } {
  const run = spawnSync(process.execPath, [join(ROOT, "scripts/changelog.mjs"), ...args], { cwd, encoding: "utf8" });
  return { code: run.status, said: run.stdout + run.stderr };
}

describe("the changelog of this repository", () => {
  it("says nothing that no fragment says", () => {
    expect(changelog(ROOT, "--check")).toEqual({ code: 0, said: "" });
  });
});

describe("npm run changelog", () => {
  let folder: string;
  const fragment = (name: string, text: string) => writeFileSync(join(folder, "changelog.d", name), text);
  const page = () => readFileSync(join(folder, "CHANGELOG.md"), "utf8");

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "spanloom-changelog-"));
    mkdirSync(join(folder, "changelog.d"));
    fragment("README.md", "about fragments");
    fragment("b.fixed.md", "B is\nmended.\n");
    fragment("a.added.md", "A is new.\n");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("joins fragments under their kinds", () => {
    expect(changelog(folder)).toEqual({ code: 0, said: "" });
    expect(page()).toMatch(/\n## Unreleased\n\n### Added\n\n- A is new\.\n\n### Fixed\n\n- B is\n {2}mended\.\n$/);
  });

  it("keeps what was released, newest first, and lets fragments go with their release", () => {
    expect(changelog(folder, "--release", "0.1.0").code).toBe(0);
    expect(readdirSync(join(folder, "changelog.d"))).toEqual(["README.md"]);
    fragment("c.changed.md", "C is other.\n");
    expect(changelog(folder, "--release", "0.2.0").code).toBe(0);
    expect(changelog(folder).code).toBe(0);
    const versions = [...page().matchAll(/^## (\S+)/gm)].map(([, version]) => version);
    expect(versions).toEqual(["Unreleased", "0.2.0", "0.1.0"]);
    expect(page()).toContain("- C is other.\n");
    expect(page()).toContain("- A is new.\n");
    expect(changelog(folder, "--release", "0.2.0")).toMatchObject({ code: 1 });
  });

  it("finds what was written into the page, and takes a fragment that came since", () => {
    changelog(folder);
    fragment("d.added.md", "D is new.\n");
    expect(changelog(folder, "--check")).toEqual({ code: 0, said: "" });
    writeFileSync(join(folder, "CHANGELOG.md"), page().replace("A is new", "A is wonderful"));
    const { code, said } = changelog(folder, "--check");
    expect(code).toBe(1);
    expect(said).toContain("A is wonderful");
  });

  it("refuses fragments of no kind", () => {
    fragment("e.removed.md", "E is gone.\n");
    const { code, said } = changelog(folder);
    expect(code).toBe(1);
    expect(said).toContain("changelog.d/e.removed.md");
  });
});
