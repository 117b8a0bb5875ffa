import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createProgram } from "../../src/cli/program.ts";
import { MAIN, plainEnvironment, startCollectorProcess } from "../support/collector-process.ts";
import { type GappedStore, startGappedStore } from "../support/query/gapped-store.ts";
import { makeBody, range } from "../support/storage/batches.ts";

const SAID = /^spanloom: incomplete: a part of what is stored cannot be read now \(.*00000001\.db/m;

/** What each command that reads spans of a collector is called with; `{trace}` and `{span}` stand for stored ones. */
const READS: Readonly<Record<string, readonly string[]>> = {
  search: ["search"],
  trace: ["trace", "{trace}"],
  explain: ["explain", "{trace}"],
  compare: ["compare", "{trace}", "c".padStart(32, "0")],
  tail: ["tail", "--lookback", "99999d"],
  "list services": ["list", "services"],
  "list operations": ["list", "operations", "shop"],
  "db export": ["db", "export", "found.jsonl"],
  record: ["record", "--all", "--out", "recorded.jsonl"],
  save: ["save", "{trace}", "-o", "saved.html"],
};

/** Commands that do not, and those that say it in another way. */
const OTHERS: Readonly<Record<string, string>> = {
  serve: "runs",
  send: "sends",
  replay: "sends",
  diff: "compares nothing then: below",
  run: "takes what is sent while it runs",
  status: "says it as not being ready: below",
  "db stats": "of files: says what was put aside",
  "db check": "of files: its problems are the answer",
  "db compact": "changes",
  "db import": "sends",
  "db backup": "of files: says what is missing",
  "db resend": "changes",
  "db delete": "deletes nothing then: admin-routes.test.ts",
  proxy: "runs",
  "services check": "reads a file",
  "config check": "reads a file",
  "config print": "reads a file",
  "config schema": "reads nothing",
  completion: "prints a script",
  token: "makes a token",
  certificate: "makes files",
};

/** What the pages ask for, and how; those that do not read spans say what they do. */
const ASKED: Readonly<Record<string, string>> = {
  "api/ui/services": "api/ui/services",
  "api/ui/search": "api/ui/search",
  "api/ui/heatmap": "api/ui/heatmap",
  "api/ui/explain-selection": "api/ui/explain-selection?selected.errors=true",
  "api/ui/dependencies": "api/ui/dependencies",
  "api/ui/external-calls": "api/ui/external-calls",
  "api/ui/call-series": "api/ui/call-series?q={}&parent=a&child=b",
  "api/ui/red": "api/ui/red",
  "api/ui/traces/${traceId}/columns": "api/ui/traces/{trace}/columns",
  "api/ui/traces/${traceId}/spans/${spanId}": "api/ui/traces/{trace}/spans/{span}",
  "api/ui/traces/${traceId}/spans/${spanId}/place": "api/ui/traces/{trace}/spans/{span}/place",
  "api/ui/traces/${a}/compare/${b}": `api/ui/traces/{trace}/compare/${"c".padStart(32, "0")}`,
  "api/ui/traces/${traceId}/typical": "api/ui/traces/{trace}/typical",
  "api/ui/traces/${traceId}/verdict": "api/ui/traces/{trace}/verdict",
  "api/ui/traces/${traceId}/linked-from": "api/ui/traces/{trace}/linked-from",
  "api/ui/traces/${traceId}/search": "api/ui/traces/{trace}/search?q=op",
  "api/ui/traces/${traceId}/download": "api/ui/traces/{trace}/download",
  "api/ui/traces/${traceId}/page": "api/ui/traces/{trace}/page",
  "api/ui/facets": "api/ui/facets",
  "api/ui/completion/keys": "api/ui/completion/keys",
  "api/ui/completion/values": "api/ui/completion/values?field=name",
};
const ASKED_OTHERS: readonly string[] = ["api/ui/status", "api/registry", "api/ui/admin/demo"];

let store: GappedStore;
let folder: string;
beforeAll(async () => {
  store = await startGappedStore();
  folder = mkdtempSync(join(tmpdir(), "spanloom-incomplete-"));
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const filled = (text: string) => text.replace("{trace}", store.traceId).replace("{span}", store.spanId);

/** Runs the built command to its end; SIGINT follows what `until` finds on stderr. */
async function spanloom(args: readonly string[], until?: RegExp) {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env: plainEnvironment() });
  let out = "";
  let err = "";
  let stopped = false;
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
    // Once: a second signal would end it at once, whatever it has left to do.
    if (!stopped && until?.test(err)) stopped = child.kill("SIGINT");
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}

function leaves(command: Command, words: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [words.join(" ")];
  return command.commands.flatMap((inner) => leaves(inner, [...words, inner.name()]));
}

function sourcesOf(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !name.includes(".test."))
    .map((name) => readFileSync(join(path, name), "utf8"));
}

describe("a command that reads while a part of what is stored cannot be read", () => {
  it("is in the list of those that say it, or of those that need not", () => {
    expect(leaves(createProgram()).sort()).toEqual([...Object.keys(READS), ...Object.keys(OTHERS)].sort());
  });

  it.each(Object.keys(READS))("%s says it on stderr, once, and by its exit code", async (name) => {
    const args = [...(READS[name] as readonly string[]).map(filled), "--url", store.url];
    const { code, err } = await spanloom(args, name === "tail" ? SAID : undefined);
    expect(err).toMatch(SAID);
    expect(err.match(/incomplete:/g)).toHaveLength(1);
    expect(code).toBe(name === "tail" ? 130 : 6);
  });

  it.each(["search", "list services", "list operations", "db export"])("%s --json has it as a field", async (name) => {
    const { out } = await spanloom([...(READS[name] as readonly string[]), "--json", "--url", store.url]);
    expect(JSON.parse(out)).toMatchObject({ reason: expect.stringMatching(/cannot be read now.*00000001\.db/) });
  });

  it("does not say that a trace or a service is unknown", async () => {
    const unknown = await spanloom(["trace", "f".repeat(32), "--url", store.url]);
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining("not found, but a part of what is stored") });
    const service = await spanloom(["list", "operations", "none", "--url", store.url]);
    expect(service).toMatchObject({ code: 1, err: expect.stringContaining("was found, but a part of what is stored") });
  });

  it("diff does not compare a part", async () => {
    const { code, err } = await spanloom(["diff", "{ }", "{ }", "--url", store.url]);
    expect(err).toMatch(/^spanloom: not all traces of \{ \} could be read/);
    expect(code).toBe(2);
  });

  it("status says why the collector is not ready", async () => {
    const { code, out } = await spanloom(["status", "--url", store.url]);
    expect(code).toBe(1);
    expect(out).toContain("not ready: the disk of this test fails");
  });

  it("db export of a folder says what is gone", async () => {
    const data = join(folder, "data");
    const collector = await startCollectorProcess(data, ["storage.segment.max_spans=512"]);
    const headers = { "content-type": "application/x-protobuf" };
    for (let first = 1; first < 1801; first += 600) {
      await fetch(collector.otlpHttp, { method: "POST", headers, body: makeBody("shop", range(first, 600)) });
    }
    expect(await collector.end("SIGTERM")).toBe(0);
    expect((await spanloom(["db", "export", "all.jsonl", "--data", data])).code).toBe(0);
    const [first] = readdirSync(join(data, "segments")).filter((name) => name.endsWith(".db"));
    rmSync(join(data, "segments", first as string));
    const { code, err, out } = await spanloom(["db", "export", "rest.jsonl", "--data", data, "--json"]);
    expect(err).toMatch(/^spanloom: incomplete: segment \d+ cannot be read: 0 of its \d+ blocks were read/m);
    expect(JSON.parse(out)).toMatchObject({ spans: 1200, complete: false, reason: expect.stringContaining("segment") });
    expect(code).toBe(6);
  });
});

describe("what the pages ask for while a part of what is stored cannot be read", () => {
  it("is in the list below", () => {
    const found = new Set(
      sourcesOf(resolve(import.meta.dirname, "../../web/src")).flatMap((text) =>
        Array.from(text.matchAll(/["'`](api\/[^"'`?]*)/g), ([, path]) => path as string),
      ),
    );
    expect([...found].sort()).toEqual([...Object.keys(ASKED), ...ASKED_OTHERS].sort());
  });

  it.each(Object.entries(ASKED))("%s has the reason in a header", async (_, path) => {
    const answer = await fetch(store.url + filled(path));
    await answer.arrayBuffer();
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-spanloom-incomplete")).toMatch(/cannot be read now.*00000001\.db/);
  });
});
