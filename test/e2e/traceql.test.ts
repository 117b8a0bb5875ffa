import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import type { TracesData } from "../../src/model/span.ts";
import type { UiErrorResponse, UiSearchResponse } from "../../src/query/ui/api-types.ts";
import { MAIN, plainEnvironment } from "../support/collector-process.ts";
import { serviceWith, spanWith } from "../support/otlp-spans.ts";
import { MEANING_TRACE, MEANINGS } from "../support/traceql/meanings.ts";

const IDS: Readonly<Record<string, number>> = { home: 1, cart: 2, list: 3, query: 4, query2: 5, pay: 6, lost: 7 };
const TRACE = "ab".repeat(16);
const OTHER = "ef".repeat(16);

let folder: string;
let collector: Collector;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-traceql-"));
  collector = await createCollector({ storage: { kind: "sqlite", path: join(folder, "data") } });
  await send(MEANING_TRACE);
});
afterAll(async () => {
  await collector?.shutdown();
  rmSync(folder, { recursive: true, force: true });
});

async function send(data: TracesData): Promise<void> {
  const response = await fetch(`${collector.endpoints.otlpHttp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: encodeTraces(data),
  });
  expect(response.status).toBe(200);
}

async function search(params: Readonly<Record<string, string>>): Promise<{ status: number; body: unknown }> {
  const response = await fetch(new URL(`api/ui/search?${new URLSearchParams(params)}`, collector.endpoints.ui));
  return { status: response.status, body: await response.json() };
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function spanloom(...args: readonly string[]): Promise<Ran> {
  return new Promise((done) => {
    execFile(process.execPath, [MAIN, ...args], { env: plainEnvironment(), cwd: folder }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr }),
    );
  });
}

describe("the store, asked in TraceQL", () => {
  it.each(MEANINGS)("%s finds %s", async (q, names) => {
    const { status, body } = await search({ q });
    expect(status, JSON.stringify(body)).toBe(200);
    const { traces } = body as UiSearchResponse;
    const wanted =
      names === "" ? [] : names.split(" ").map((name) => (IDS[name] as number).toString(16).padStart(16, "0"));
    expect(traces.map(({ traceId, matchedCount }) => [traceId, matchedCount])).toEqual(
      wanted.length === 0 ? [] : [[TRACE, wanted.length]],
    );
    for (const spanId of traces[0]?.matchedSpans ?? []) expect(wanted).toContain(spanId);
  });

  it("takes times beside a query, and no other condition", async () => {
    const q = "{ status = error } ~ { }";
    expect(((await search({ q, end: "1795392039440000" })).body as UiSearchResponse).traces).toEqual([]);
    expect(((await search({ q, start: "1795392039440001" })).body as UiSearchResponse).traces).toHaveLength(1);
    const refused = await search({ q, service: "shop" });
    expect(refused.status).toBe(400);
    expect((refused.body as UiErrorResponse).error.message).toBe(
      "'q' and 'service': expected one of them; a query in TraceQL says it all",
    );
  });

  it("says where a query is wrong, and what it does not answer", async () => {
    const message = async (q: string) => ((await search({ q })).body as UiErrorResponse).error.message;
    expect(await message("{ statsu = error }")).toMatch(/^'q': line 1, column 3: found "statsu", .*"status"\?$/);
    const many = Array.from({ length: 51 }, (_, i) => `.f${i}`).join(", ");
    expect(await message(`{ } | select(${many})`)).toBe("'q': select(…) names 51 fields, at most 50");
    const bad = await search({ q: "{ } | select(.a)", spansPerSet: "0" });
    expect([bad.status, (bad.body as UiErrorResponse).error.message]).toEqual([
      400,
      expect.stringContaining("spansPerSet"),
    ]);
    expect(await message("{ } | rate()")).toBe(
      "'q': found rate(), expected a search: it finds traces and counts nothing",
    );
  });
});

describe("commands, asked in TraceQL", () => {
  const url = () => ["--url", collector.endpoints.ui];

  it("search finds, by an argument and by a flag", async () => {
    const q = '{ name = "home" } >> { status = error }';
    for (const args of [[q], ["--query", q]]) {
      const { code, stdout } = await spanloom("search", ...args, "--json", ...url());
      expect(code).toBe(0);
      expect((JSON.parse(stdout) as UiSearchResponse).traces.map(({ traceId }) => traceId)).toEqual([TRACE]);
    }
  });

  it("search shows with --json what `select` names, of spans and of the sets of `by`", async () => {
    const spanSets = async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await spanloom("search", ...args, "--json", ...url());
      expect(code, stderr).toBe(0);
      return (JSON.parse(stdout) as UiSearchResponse).traces[0]?.spanSets;
    };
    const q = "{ name =~ `list|query2?` } | select(span.code, duration, kind) | select(.tags, status)";
    expect(await spanSets(q, "--spans", "2")).toEqual([
      {
        by: [],
        matchedCount: 3,
        cut: false,
        spans: [
          {
            spanId: "0000000000000003",
            name: "list",
            service: "shop",
            startTimeUnixNano: "1795392039455000000",
            durationNano: "50000000",
            fields: {
              "span.code": { type: "int", value: "500" },
              duration: { type: "double", value: 50_000_000 },
              kind: { type: "string", value: "server" },
              ".tags": {
                type: "array",
                value: [
                  { type: "string", value: "a" },
                  { type: "string", value: "b" },
                ],
              },
              status: { type: "string", value: "error" },
            },
          },
          expect.objectContaining({
            name: "query",
            fields: {
              duration: { type: "double", value: 20_000_000 },
              kind: { type: "string", value: "client" },
              status: { type: "string", value: "unset" },
            },
          }),
        ],
      },
    ]);
    expect((await spanSets("{ } | select(name)"))?.[0]?.spans).toHaveLength(3);
    const sets = await spanSets("{ kind = client } | by(span.db) | select(resource.service.name)");
    expect(sets?.map(({ by, matchedCount, spans }) => [by[0]?.value, matchedCount, spans[0]?.fields])).toEqual(
      expect.arrayContaining([
        ["pg", 1, { "resource.service.name": { type: "string", value: "shop" } }],
        ["mysql", 1, { "resource.service.name": { type: "string", value: "shop" } }],
        [undefined, 2, { "resource.service.name": { type: "string", value: "web" } }],
      ]),
    );
    expect(await spanSets('{ name = "home" }')).toBeUndefined();
  });

  it("tail refuses what no span says by itself", async () => {
    const { code, stderr } = await spanloom("tail", "{ } >> { status = error }", ...url());
    expect(code).not.toBe(0);
    expect(stderr).toContain("'q': expected what one span says by itself");
  });

  it("two ways to say what is asked for are an error", async () => {
    const { code, stderr } = await spanloom("search", "{ .a }", "--service", "web", ...url());
    expect(code).not.toBe(0);
    expect(stderr).toContain("--query and --service: expected one of them");
  });

  it("db export writes, and db delete deletes what a query finds", async () => {
    await send([serviceWith("web", [spanWith({ traceId: OTHER, name: "alone" })])]);
    const q = '{ name = "home" } > { kind = client }';
    const exported = await spanloom("db", "export", "--query", q, "found.jsonl", ...url());
    expect(exported).toMatchObject({ code: 0 });
    const lines = readFileSync(join(folder, "found.jsonl"), "utf8").trim().split("\n");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(TRACE);
    const all = await spanloom("db", "delete", "--query", "{ }", ...url());
    expect(all.code).not.toBe(0);
    expect(all.stderr).toContain("expected at least one condition");
    expect(await spanloom("db", "delete", "--query", q, ...url())).toMatchObject({ code: 0 });
    const { body } = await search({ q: "{ }" });
    expect((body as UiSearchResponse).traces.map(({ traceId }) => traceId)).toEqual([OTHER]);
  });
});
