import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { docPages, ROOT, text } from "./files.ts";

/** Blocks that a page marks with `<!-- run -->`, in their order. */
function blocks(page: string): string[] {
  return [...text(page).matchAll(/^<!-- run -->\n```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block as string);
}

/**
 * `spanloom` as the pages write it: the built command, pointed at the test's collector where the default would be used.
 */
function shim({ endpoints }: Collector): string {
  const main = `"${process.execPath}" "${join(ROOT, "dist/cli/main.js")}"`;
  return `spanloom() {
  case $1 in
    send | replay) ${main} "$@" --endpoint ${endpoints.otlpHttp} ;;
    search | trace) ${main} "$@" --url ${endpoints.ui} ;;
    *) ${main} "$@" ;;
  esac
}`;
}

/** A page runs a dozen commands, which a machine that tests other things starts slowly. */
const PAGE_MS = 120_000;

describe("commands in the pages", () => {
  const pages = docPages().filter((page) => blocks(page).length > 0);

  it("are there", () => {
    expect(pages).toContain("docs/command-line.md");
    expect(pages).toContain("docs/getting-started.md");
  });

  it.each(pages)(
    "of %s work, one after another",
    async (page) => {
      const folder = mkdtempSync(join(tmpdir(), "spanloom-docs-"));
      symlinkSync(join(ROOT, "test"), join(folder, "test"));
      const collector = await createCollector();
      try {
        const script = [shim(collector), ...blocks(page)]
          .join("\n")
          .replaceAll("http://127.0.0.1:4318", collector.endpoints.otlpHttp as string)
          .replaceAll("http://127.0.0.1:16686/", collector.endpoints.ui);
        const { code, out } = await bash(script, folder);
        expect(code, out).toBe(0);
      } finally {
        await collector.shutdown();
        rmSync(folder, { recursive: true, force: true });
      }
    },
    PAGE_MS,
  );
});

/** Runs a script that stops at its first failure; both streams as they came. */
function bash(script: string, cwd: string): Promise<{ code: number | null; out: string }> {
  return new Promise((done) => {
    const child = spawn("bash", ["-euxo", "pipefail", "-c", script], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (out += chunk));
    child.on("close", (code) => done({ code, out }));
  });
}
