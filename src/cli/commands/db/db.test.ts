import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeBody, range } from "../../../../test/support/storage/batches.ts";
import { testDriver } from "../../../../test/support/storage/driver.ts";
import { type Collector, createCollector } from "../../../app/collector.ts";
import { tracesToJson } from "../../../codec/otlp/json/json-out.ts";
import { decodeTraces } from "../../../codec/otlp/message/decode.ts";
import type { StoredInstance } from "../../../component/discovery.ts";
import { SILENT_LOGGER } from "../../../component/logger.ts";
import { openRegistryStore } from "../../../storage/folder/registry-store.ts";
import { createProgram } from "../../program.ts";

let folder: string;
let data: string;
let out = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-db-"));
  data = join(folder, "data");
  out = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command; gives what it printed as JSON. */
async function db(...args: string[]): Promise<Record<string, unknown>> {
  out = "";
  await createProgram().parseAsync(["node", "spanloom", "db", ...args, "--data", data, "--json"]);
  return JSON.parse(out) as Record<string, unknown>;
}

const line = (first: number, count: number) =>
  `${tracesToJson(decodeTraces(makeBody(`shop-${first}`, range(first, count, 10))))}\n`;

function recording(name: string, ...lines: string[]): string {
  const file = join(folder, name);
  const text = lines.join("");
  writeFileSync(file, name.endsWith(".gz") ? gzipSync(text) : text);
  return file;
}

describe("spanloom db", () => {
  it("imports, tells, checks, compacts, exports, deletes and copies a folder that nobody uses", async () => {
    const file = recording("in.jsonl.gz", line(1, 200), line(201, 3800));
    expect(await db("import", file)).toEqual({ spans: 4000, rejectedSpans: 0, badLines: 0, interrupted: false });
    expect(await db("stats")).toMatchObject({ spans: 4000, segments: [{ state: "open", sealed: false, spans: 4000 }] });
    expect(await db("check")).toMatchObject({ ok: true, spans: 4000 });

    const { bytesBefore, bytesAfter, segments } = await db("compact");
    expect(segments).toBe(1);
    expect(Number(bytesAfter)).toBeLessThan(Number(bytesBefore));
    expect(await db("stats")).toMatchObject({ spans: 4000, segments: [{ state: "closed", sealed: true }, {}] });
    expect(await db("check")).toMatchObject({ ok: true, spans: 4000 });

    expect(await db("delete", "2")).toEqual({ deleted: 1, unknown: [], place: data });
    const told = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(await db("delete", "2")).toEqual({ deleted: 0, unknown: ["2".padStart(32, "0")], place: data });
    expect(told).toHaveBeenCalledWith(expect.stringContaining("spanloom: 2: no trace has this as its whole id"));
    expect(process.exitCode).toBe(1);
    process.exitCode = undefined;
    expect(await db("delete", "--service", "shop-201", "--tag", "number=205")).toMatchObject({ deleted: 1 });
    expect(await db("delete", "--service", "shop-201", "--min-duration", "9h")).toMatchObject({ deleted: 0 });
    expect(await db("check")).toMatchObject({ ok: true, spans: 3980 });
    const copy = join(folder, "copy");
    expect(await db("backup", copy)).toMatchObject({ ok: true, segments: 2, problems: [] });
    await db("compact");

    for (const from of [data, copy]) {
      const target = join(folder, "out.jsonl");
      data = from;
      expect(await db("export", target)).toMatchObject({ spans: 3980 });
      const exported = readFileSync(target, "utf8").trimEnd().split("\n");
      const spans = exported.flatMap((text) => text.match(/"spanId":"([0-9a-f]+)"/g) ?? []);
      expect(new Set(spans).size).toBe(3980);
    }
    expect(await db("delete", "--all", "--yes")).toMatchObject({ deleted: "all", traces: expect.any(Number) });
    expect(await db("stats")).toMatchObject({ spans: 0 });
    expect(process.exitCode).toBeUndefined();
  });

  it("says which file is damaged, and ends with code 1", async () => {
    await db("import", recording("in.jsonl", line(1, 4000)));
    await db("compact");
    const [{ segment }] = (await db("stats")).segments as [{ segment: number }];
    const file = join(data, "segments", `${String(segment).padStart(8, "0")}.db`);
    const bytes = readFileSync(file);
    // Two pages in the middle: a single byte may lie where nothing is stored.
    bytes.fill(0xa5, (bytes.length >>> 1) - 8192, (bytes.length >>> 1) + 8192);
    writeFileSync(file, bytes);
    const report = await db("check");
    expect(report.ok).toBe(false);
    expect(report.problems).toMatchObject([{ segment }]);
    expect(process.exitCode).toBe(1);
    expect(existsSync(file)).toBe(true);
  });

  it("copies what is there of a damaged folder, says what is not, and ends with code 1", async () => {
    await db("import", recording("in.jsonl", line(1, 4000)));
    await db("compact");
    const [{ segment }] = (await db("stats")).segments as [{ segment: number }];
    rmSync(join(data, "segments", `${String(segment).padStart(8, "0")}.db`));
    const report = await db("backup", join(folder, "copy"));
    expect(report.ok).toBe(false);
    expect(report.problems).toContainEqual({ segment, reason: expect.stringContaining("is missing") });
    expect(process.exitCode).toBe(1);
    expect(existsSync(join(folder, "copy", "catalog.db"))).toBe(true);
  });

  it("finds cursors and deletions that are not what was written", async () => {
    await db("import", recording("in.jsonl", line(1, 100)));
    await db("delete", "2", "3");
    expect(await db("check")).toMatchObject({ ok: true, problems: [] });
    const harm = (file: string, sql: string) => {
      const database = testDriver.open(join(data, file));
      database.exec(sql);
      database.close();
    };
    harm("consumers.db", "UPDATE consumer SET sequence = sequence + 1");
    harm("catalog.db", "UPDATE tombstone SET through = 0 WHERE id = 1");
    const { ok, problems } = await db("check");
    expect(ok).toBe(false);
    expect(problems).toEqual(
      expect.arrayContaining([
        { file: "catalog.db", reason: expect.stringContaining("the deletion of a trace") },
        { file: "consumers.db", reason: "the cursors are not what was written" },
      ]),
    );
    expect(process.exitCode).toBe(1);
  });

  it("copies registrations while they are used", async () => {
    await db("import", recording("in.jsonl", line(1, 10)));
    const registry = openRegistryStore(data, SILENT_LOGGER);
    const instance = { service: "cart", id: "cart-1", address: "10.0.0.1", port: 80, tags: [], metadata: {} };
    registry.put({ instance, checks: [], registeredAtMs: 5 } as unknown as StoredInstance);
    const copy = join(folder, "copy");
    await db("backup", copy);
    registry.close();
    const restored = openRegistryStore(copy, SILENT_LOGGER);
    expect(restored.load()).toEqual([{ instance, checks: [], registeredAtMs: 5 }]);
    restored.close();
  });

  it("exports what a search finds, from a folder and from a collector", async () => {
    await db("import", recording("in.jsonl", line(1, 200), line(1001, 300)));
    const target = join(folder, "out.jsonl");
    const all = (pattern: RegExp) => readFileSync(target, "utf8").match(pattern) ?? [];
    /** Services, spans and traces of the file. */
    const exported = () => [
      [...new Set(all(/(?<="stringValue":")shop-\d+/g))].sort(),
      all(/"spanId"/g).length,
      new Set(all(/(?<="traceId":")[0-9a-f]+/g)).size,
    ];
    const { traces } = await db("export", target, "--service", "shop-1001");
    expect(exported()).toEqual([["shop-1001"], 300, traces]);
    expect(await db("export", target, "--tag", "number=1005")).toEqual({ file: target, traces: 1 });
    expect(await db("export", target, "--service", "shop-1", "--min-duration", "9h")).toMatchObject({ traces: 0 });

    const collector = await createCollector({ storage: { kind: "sqlite", path: data } });
    try {
      const { ui } = collector.endpoints;
      await db("export", target, "--url", ui);
      expect(exported().slice(0, 2)).toEqual([["shop-1", "shop-1001"], 500]);
      expect(await db("export", target, "--service", "shop-1001", "--ui", new URL(ui).host)).toMatchObject({ traces });
      expect(exported()).toEqual([["shop-1001"], 300, traces]);
    } finally {
      await collector.shutdown();
    }
  });

  it("exports a trace of some megabytes whole", async () => {
    const ofOneTrace = (first: number) => tracesToJson(decodeTraces(makeBody("large", range(first, 10, 100, 50_000))));
    await db("import", recording("in.jsonl", ...[1, 11, 21, 31].map((first) => `${ofOneTrace(first)}\n`)));
    const target = join(folder, "out.jsonl");
    expect(await db("export", target, "--service", "large")).toMatchObject({ traces: 1 });
    const text = readFileSync(target, "utf8");
    expect(Object.keys(JSON.parse(text) as object)).toEqual(["resourceSpans"]);
    expect(text.match(/"spanId"/g)).toHaveLength(40);
  });

  it("asks the collector that uses the folder, and no other", async () => {
    await db("import", recording("in.jsonl", line(1, 100)));
    const owner = await createCollector({ storage: { kind: "sqlite", path: data } });
    const stranger = await createCollector();
    const at = (collector: Collector) => ["--ui", new URL(collector.endpoints.ui).host];
    try {
      expect(await db("delete", "3", ...at(owner))).toEqual({
        deleted: 1,
        unknown: [],
        place: `the collector at ${owner.endpoints.ui}`,
      });
      await expect(db("delete", "4", ...at(stranger))).rejects.toThrow(
        `is in use, but the collector at ${stranger.endpoints.ui} keeps its spans in memory`,
      );
      await expect(db("delete", "4", "--ui", "127.0.0.1:9")).rejects.toThrow(
        /is in use by process \d+, but no collector/,
      );
      expect(await db("delete", "4", "--url", stranger.endpoints.ui)).toMatchObject({ deleted: 0 });
    } finally {
      await Promise.all([owner.shutdown(), stranger.shutdown()]);
    }
  });

  it("makes no folder where it finds none", async () => {
    for (const command of [
      ["delete", "--all", "--yes"],
      ["compact"],
      ["export", join(folder, "x.jsonl"), "--errors"],
    ]) {
      await expect(db(...command)).rejects.toThrow("is no data folder");
    }
    expect(existsSync(data)).toBe(false);
  });

  it("explains what it cannot do", async () => {
    await expect(db("stats")).rejects.toThrow("is no data folder");
    await expect(db("delete")).rejects.toThrow("say what to delete");
    await expect(db("delete", "--all")).rejects.toThrow("say --all --yes");
    await expect(db("delete", "xyz")).rejects.toThrow("xyz: expected a trace id");
    await expect(db("delete", "--tag", "plain")).rejects.toThrow("expected key=value");
    await expect(db("import", join(folder, "none.jsonl"))).rejects.toThrow("no such file");
    expect(existsSync(data)).toBe(false);
    await db("import", recording("in.jsonl", line(1, 10), "{not json\n"));
    expect(process.exitCode).toBe(1);
    await expect(db("export", join(folder, "no", "such.jsonl"))).rejects.toThrow("cannot be written");
    await expect(db("backup", folder)).rejects.toThrow("is not empty");
  });
});

describe("maintenance over HTTP", () => {
  let collector: Collector;
  beforeEach(async () => {
    collector = await createCollector();
    await fetch(`${collector.endpoints.otlpHttp}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: makeBody("shop", range(1, 100, 10)),
    });
  });
  afterEach(() => collector.shutdown());

  const post = (path: string, body: unknown, headers: Record<string, string> = { "x-spanloom": "1" }) =>
    fetch(`${collector.endpoints.ui}api/ui/admin/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const traces = async () => {
    const response = await fetch(`${collector.endpoints.ui}api/traces?service=shop&limit=100`);
    return ((await response.json()) as { data: unknown[] }).data.length;
  };

  it("deletes traces by id, by search, and all of them", async () => {
    const before = await traces();
    const unknown = "f".padStart(32, "0");
    const answer = await (await post("delete", { traceIds: ["3", "4", "f", "3"] })).json();
    expect(answer).toEqual({ traces: 2, unknown: [unknown] });
    expect(await traces()).toBe(before - 2);
    expect(await (await post("delete", { query: { service: "shop", tags: '{"number":"77"}' } })).json()).toEqual({
      traces: 1,
    });
    expect(await traces()).toBe(before - 3);
    expect(await (await post("compact", {})).json()).toEqual({ segments: 0 });
    expect(await (await post("delete", { all: true })).json()).toMatchObject({ all: true, traces: before - 3 });
    expect(await traces()).toBe(0);
  });

  it("is refused to web pages and for what it does not understand", async () => {
    expect((await post("delete", { all: true }, {})).status).toBe(403);
    expect((await post("delete", { all: true }, { "content-type": "text/plain" })).status).toBe(403);
    for (const body of [{}, { all: false }, { traceIds: ["x"] }, { query: {} }, { all: true, traceIds: [] }, [], 7]) {
      const response = await post("delete", body);
      expect([body, response.status]).toEqual([body, 400]);
    }
    expect(await traces()).toBeGreaterThan(5);
  });
});
