import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { MAIN, plainEnvironment } from "../support/collector-process.ts";
import { type Needs, type ShellBlock, shellBlocks } from "./blocks.ts";
import { docPages, ROOT, text } from "./files.ts";

const SPANLOOM = `"${process.execPath}" "${MAIN}"`;

/**
 * `spanloom` as the pages write it: the built command. Those that talk to a collector get the test's where the default
 * would be used; those that listen get free ports, and are stopped as soon as they say that they are ready.
 */
function shim({ endpoints }: Collector): string {
  return `
serve_until_ready() {
  rm -f served.txt
  ${SPANLOOM} "$@" > served.txt 2>&1 &
  local pid=$!
  until grep -qs 'is ready' served.txt; do
    kill -0 $pid || { cat served.txt; return 1; }
    sleep 0.05
  done
  kill -TERM $pid
  wait $pid
}
spanloom() {
  case "\${1:-}" in
    send | replay) ${SPANLOOM} "$@" --endpoint ${endpoints.otlpHttp} ;;
    search | trace | explain | save | record) ${SPANLOOM} "$@" --url ${endpoints.ui} ;;
    proxy) serve_until_ready "$@" --listen 127.0.0.1:0 ;;
    "" | -* | serve)
      serve_until_ready "$@" --otlp-grpc 127.0.0.1:0 --otlp-http 127.0.0.1:0 --ui 127.0.0.1:0 --registry-api 127.0.0.1:0 ;;
    *) ${SPANLOOM} "$@" ;;
  esac
}`;
}

/** What comes before and after the commands of a block. */
const AROUND: Readonly<Record<Needs, readonly [before: string, after: string]>> = {
  running: ["", ""],
  server: ["", ""],
  data: [`${SPANLOOM} db import --data ./spanloom-data test/fixtures/node-shop.jsonl`, ""],
  // The checkout is built already, and others use it.
  install: [
    `npm() { if [ "$*" = "run build" ]; then return; fi; (cd "${ROOT}" && command npm --offline "$@"); }`,
    '"$npm_config_prefix/bin/spanloom" --version',
  ],
};

/** A page runs a dozen commands, which a machine that tests other things starts slowly. */
const PAGE_MS = 240_000;

const pages = docPages();
const blocks = pages.flatMap(shellBlocks);

describe("commands in the pages", () => {
  it("are run, or the page says above them why not", () => {
    const silent = blocks.filter(({ needs, reason }) => needs === undefined && reason === undefined);
    expect(silent.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
    expect(blocks.filter(({ needs }) => needs !== undefined).length).toBeGreaterThan(12);
    expect(new Set(blocks.map(({ needs }) => needs)).size).toBe(5);
  });

  it.each(pages.filter((page) => blocks.some((block) => block.page === page && block.needs !== undefined)))(
    "of %s work, one after another",
    async (page) => {
      const folder = mkdtempSync(join(tmpdir(), "spanloom-docs-"));
      symlinkSync(join(ROOT, "test"), join(folder, "test"));
      writeFileSync(join(folder, "spanloom.yaml"), /```yaml\n([\s\S]*?)```/.exec(text("README.md"))?.[1] ?? "");
      const collector = await createCollector();
      try {
        const own = blocks.filter((block) => block.page === page && block.needs !== undefined);
        // Of the page alone: a free port may begin with the digits of a usual one.
        const commands = own
          .map(scriptOf)
          .join("\n")
          .replaceAll("http://127.0.0.1:4318", collector.endpoints.otlpHttp as string)
          .replaceAll("http://127.0.0.1:16686/", collector.endpoints.ui)
          .replaceAll("=/var/lib/", `=${folder}/`);
        const script = `${shim(collector)}\n${commands}`;
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

function scriptOf({ commands, needs }: ShellBlock): string {
  const [before, after] = AROUND[needs as Needs];
  return [before, commands, after].join("\n");
}

/** Runs a script that stops at its first failure; both streams as they came. */
function bash(script: string, cwd: string): Promise<{ code: number | null; out: string }> {
  return new Promise((done) => {
    const child = spawn("bash", ["-euxo", "pipefail", "-c", script], {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...plainEnvironment(),
        PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
        npm_config_prefix: join(cwd, "prefix"),
      },
    });
    let out = "";
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (out += chunk));
    child.on("close", (code) => done({ code, out }));
  });
}
