import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCollector } from "../../src/app/collector.ts";
import { MAIN } from "../support/collector-process.ts";

const SENDER = resolve(import.meta.dirname, "apps/send-spans.cjs");
const SHOP = resolve(import.meta.dirname, "../../bench/apps/shop.cjs");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-runs-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Variables = Readonly<Record<string, string>>;

/** The folder of temporary files is the test's own, so that it can see what stays in it. */
function environment(more: Variables): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? "", TMPDIR: folder, ...more };
}

function spanloom(args: readonly string[], more: Variables = {}) {
  const result = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: folder,
    encoding: "utf8",
    timeout: 60_000,
    env: environment(more),
  });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

/** The same without blocking this process, for what a collector in it has to take part in. */
async function spanloomBeside(args: readonly string[], more: Variables = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env: environment(more) });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code: code as number | null, out, err };
}

const run = (label: string, more: Variables, args: readonly string[] = []) =>
  spanloom(["run", "--label", label, "--settle", "50ms", ...args, "--", process.execPath, SENDER], more);

describe("spanloom run", () => {
  it("keeps what the command sends, marks it, and passes its exit code on", () => {
    const told = join(folder, "told.json");
    const given = { OTEL_RESOURCE_ATTRIBUTES: "team=a,spanloom.run=old", TOLD: told, TRACES: "3", EXIT_CODE: "7" };
    const { code, err } = run("pr/42", given);
    expect(err).toMatch(
      /run pr\/42: 3 traces of 1 kind of request, 6 spans, 2 operations; kept in \.spanloom\/runs\/pr%2F42\.jsonl/,
    );
    expect(code).toBe(7);
    expect(JSON.parse(readFileSync(told, "utf8"))).toMatchObject({
      OTEL_RESOURCE_ATTRIBUTES: "team=a,spanloom.run=pr%2F42",
      OTEL_TRACES_EXPORTER: "otlp",
      SPANLOOM_RUN: "pr/42",
    });
    const [head] = readFileSync(join(folder, ".spanloom/runs/pr%2F42.jsonl"), "utf8").split("\n");
    expect(JSON.parse(head ?? "")).toMatchObject({
      format: "spanloom-run",
      version: 1,
      label: "pr/42",
      traces: 3,
      spans: 6,
    });
    expect(readdirSync(folder).sort()).toEqual([".spanloom", "told.json"]);
  });

  it("says where nothing came, and takes that for a failure unless told otherwise", () => {
    const empty = spanloom(["run", "-l", "none", "--settle", "50ms", "--", process.execPath, "-e", "0"]);
    expect(empty).toMatchObject({ code: 125, out: "" });
    expect(empty.err).toContain("no span came: nothing is kept");
    expect(
      spanloom(["run", "-l", "n", "--settle", "50ms", "--allow-empty", "--", process.execPath, "-e", "0"]).code,
    ).toBe(0);
    expect(spanloom(["run", "-l", "n", "--settle", "50ms", "--", process.execPath, "-e", "process.exit(3)"]).code).toBe(
      3,
    );
    expect(existsSync(join(folder, ".spanloom"))).toBe(false);
  });

  it("tells apart what cannot be started, found, kept or understood", () => {
    writeFileSync(join(folder, "plain"), "text", { mode: 0o644 });
    expect(spanloom(["run", "-l", "a", "--", "no-such-command"])).toMatchObject({ code: 127, out: "" });
    expect(spanloom(["run", "-l", "a", "--", "./plain"]).code).toBe(126);
    expect(spanloom(["run", "--", "true"]).code).toBe(2);
    expect(spanloom(["run", "-l", "{a}", "--", "true"]).err).toContain("expected a name of at most 200 bytes");
    const unkept = run("a", { TRACES: "1" }, ["--out", "plain/run.jsonl"]);
    expect(unkept.code).toBe(125);
    expect(unkept.err).toContain("plain/run.jsonl: the run cannot be kept");
    expect(spanloom(["run", "-l", "a", "--url", "http://127.0.0.1:1", "--", "true"]).code).toBe(125);
  });

  it.each([
    ["of a command that ends in its own way", { WAIT: "1", EXIT_CODE: "9" }, 9],
    ["of one that the signal ends", { WAIT: "1", EXIT_CODE: "SIGKILL" }, 128 + 9],
  ])("passes signals on, and keeps the run %s", async (_what, more: Variables, expected) => {
    const args = ["run", "-l", "signalled", "--settle", "50ms", "--"];
    const child = spawn(process.execPath, [MAIN, ...args, process.execPath, SENDER], {
      cwd: folder,
      env: environment({ TRACES: "2", ...more }),
    });
    const ended = once(child, "exit");
    let out = "";
    for await (const chunk of child.stdout) {
      out += String(chunk);
      if (out.includes("waiting")) break;
    }
    child.kill("SIGTERM");
    expect(await ended).toEqual([expected, null]);
    expect(readdirSync(join(folder, ".spanloom/runs"))).toEqual(["signalled.jsonl"]);
  });

  it("sends everything on to a running collector, marked although the command does not", async () => {
    const collector = await createCollector();
    try {
      const args = [
        "run",
        "-l",
        "pr-42",
        "--settle",
        "50ms",
        "--url",
        collector.endpoints.ui,
        "--",
        process.execPath,
        SENDER,
      ];
      expect(await spanloomBeside(args, { TRACES: "4" })).toMatchObject({ code: 0 });
      const { traces } = (await (
        await fetch(
          `${collector.endpoints.ui}api/ui/search?${new URLSearchParams({ q: '{ resource.spanloom.run = "pr-42" }' })}`,
        )
      ).json()) as { traces: unknown[] };
      expect(traces).toHaveLength(4);
      const query = '{ resource.spanloom.run = "pr-42" }';
      const same = await spanloomBeside(["diff", "pr-42", query, "--url", collector.endpoints.ui, "--allow-undecided"]);
      expect(same.err).toBe("");
      expect(same).toMatchObject({ code: 0 });
      expect(same.out).toContain("4 and 4 traces, 8 and 8 spans, 2 operations in both");
      const none = await spanloomBeside([
        "diff",
        "pr-42",
        "{ resource.spanloom.run = 1 }",
        "--url",
        collector.endpoints.ui,
      ]);
      expect(none).toMatchObject({ code: 2, out: "" });
      expect(none.err).toContain("the run is empty");
    } finally {
      await collector.shutdown();
    }
  });
});

describe("spanloom diff", () => {
  it("finds a query per item, by labels, by files and as JSON", () => {
    run("main", { TRACES: "10" });
    run("same", { TRACES: "10" });
    run("pr-42", { TRACES: "10", QUERIES: "3" });
    expect(spanloom(["diff", "main", "same"])).toMatchObject({ code: 0, err: "" });
    const { code, out } = spanloom(["diff", "main", ".spanloom/runs/pr-42.jsonl"]);
    expect(code).toBe(1);
    expect(out).toMatch(/^main → pr-42: worse\n/);
    expect(out).toContain("shop GET /items › SELECT items\n    calls for each call of its parent 1 → 3\n");
    const json = JSON.parse(spanloom(["diff", "main", "pr-42", "--json"]).out) as {
      verdict: string;
      changes: object[];
    };
    expect(json).toMatchObject({ names: ["main", "pr-42"], verdict: "worse" });
    expect(json.changes[0]).toMatchObject({ kind: "calls", before: 1, after: 3 });
  });

  it("writes reports for people and programs, and holds the run against budgets", () => {
    run("main", { TRACES: "10" }, ["--out", "main.jsonl.gz"]);
    const again = run("main", { TRACES: "10" }, ["--out", "main.jsonl.gz"]);
    expect(again.err).toContain("kept in main.jsonl.gz, in the place of another");
    writeFileSync(
      join(folder, "budget.yaml"),
      "budgets:\n- {operation: GET /items, p95: 31ms}\n- {operation: gone, calls: 1}\n",
    );
    const compared = ["diff", "main.jsonl.gz", "main.jsonl.gz", "--budget", "budget.yaml"];
    const { code, out, err } = spanloom([...compared, "--junit", "junit.xml", "--markdown", "report.md"]);
    expect([code, err]).toEqual([1, ""]);
    expect(out).toContain(
      "over budget:\n  gone: calls for each call of the parent at most 1, found no operation that fits\n",
    );
    expect(readFileSync(join(folder, "junit.xml"), "utf8")).toContain('tests="5" failures="1" errors="0"');
    expect(readFileSync(join(folder, "report.md"), "utf8")).toContain("- `gone`: calls for each call");
    expect(spanloom([...compared, "--markdown", "-"]).out).toMatch(/^### `main → main: worse`\n/);
    expect(spanloom([...compared, "--junit", "nowhere/junit.xml"])).toMatchObject({ code: 2 });
    expect(spanloom(["diff", "main.jsonl.gz", "main.jsonl.gz", "--budget", "none.yaml"]).err).toContain(
      "--budget none.yaml: cannot be read",
    );
  });

  it("is undecided with few traces, unless that is allowed", () => {
    run("main", { TRACES: "2" });
    const { code, out } = spanloom(["diff", "main", "main"]);
    expect(code).toBe(2);
    expect(out).toMatch(/^main → main: undecided\n/);
    expect(spanloom(["diff", "main", "main", "--allow-undecided"]).code).toBe(0);
  });

  it("tells apart labels that are not there and files that cannot be used", () => {
    run("main", { TRACES: "10" });
    const file = join(folder, ".spanloom/runs/main.jsonl");
    const kept = readFileSync(file, "utf8");
    expect(spanloom(["diff", "mian", "main"])).toMatchObject({ code: 2, out: "" });
    expect(spanloom(["diff", "mian", "main"]).err).toContain(
      "mian: no run of that label in .spanloom/runs, and no such file; did you mean main?",
    );
    writeFileSync(file, kept.slice(0, -10));
    expect(spanloom(["diff", "main", "main"])).toMatchObject({ code: 3, out: "" });
    writeFileSync(file, kept.replace('"version":1', '"version":7'));
    expect(spanloom(["diff", "main", "main"])).toMatchObject({ code: 3, out: "" });
    expect(spanloom(["diff", "{ name = }", "main", "--url", "http://127.0.0.1:1"]).code).toBe(5);
    writeFileSync(join(folder, "empty.jsonl"), "");
    expect(spanloom(["diff", "empty.jsonl", "main"]).err).toContain("empty.jsonl: the run is empty");
    writeFileSync(join(folder, "bad.jsonl"), "hello\n");
    expect(spanloom(["diff", "bad.jsonl", "main"]).code).toBe(3);
    expect(spanloom(["diff", "main", "main", "--min-effect", "much"]).err).toContain("expected a percentage");
  });

  it("compares runs of a program with OpenTelemetry's SDK", () => {
    for (const [label, EACH] of [
      ["main", "0"],
      ["each", "1"],
    ] as const) {
      const { code, err } = spanloom(["run", "-l", label, "--", process.execPath, SHOP], { REQUESTS: "20", EACH });
      expect(err).toContain(`run ${label}: 20 traces`);
      expect(code).toBe(0);
    }
    const { code, out } = spanloom(["diff", "main", "each"]);
    expect(code).toBe(1);
    expect(out).toMatch(/GET \/order › SELECT items by sku\n {4}calls for each call of its parent 1 → 5\n/);
  });
});
