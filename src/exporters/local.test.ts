import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fixtureFragments, fragmentOfNames } from "../../test/support/fragments.ts";
import { testHost } from "../../test/support/host.ts";
import { comparable, recordsOf } from "../../test/support/mapping-records.ts";
import { materialiseBody } from "../codec/otlp/cut/materialise.ts";
import { jsonToTraces } from "../codec/otlp/json/json-in.ts";
import { decodeTraces } from "../codec/otlp/message/decode.ts";
import type { Exporter } from "../component/export.ts";
import { consoleExporter } from "./console.ts";
import { fileExporter } from "./file.ts";

const NEVER = new AbortController().signal;

describe("console", () => {
  async function printed(config: object, names: readonly string[]): Promise<string> {
    let text = "";
    const writeStdout = (more: string) => {
      text += more;
    };
    const exporter = consoleExporter.create({ name: "console", writeStdout }, consoleExporter.config.parse(config));
    await exporter.start(testHost());
    expect(await exporter.export([fragmentOfNames(names)], NEVER)).toEqual({ type: "delivered" });
    await exporter.shutdown(NEVER);
    return text;
  }

  it("prints a line a span", async () => {
    expect(await printed({}, ["GET /", "POST /"])).toBe(
      "[TRACE] GET / trace=0af76519... span=00000000... duration=12.35ms\n" +
        "[TRACE] POST / trace=0af76519... span=00000000... duration=12.35ms\n",
    );
  });

  it("lets no name forge a line or move the cursor", async () => {
    expect(await printed({}, ["a\n[TRACE] b\u001b[2J\u202e"])).toBe(
      "[TRACE] a\\n[TRACE] b\\u{1b}[2J\\u{202e} trace=0af76519... span=00000000... duration=12.35ms\n",
    );
  });

  it("prints what a span holds when asked", async () => {
    expect((await printed({ verbosity: "detailed" }, ["op"])).split("\n")).toEqual([
      "[TRACE] op trace=0af76519... span=00000000... duration=12.35ms",
      "  ids: trace=0af7651916cd43dd8448eb211c80319c span=0000000000000001 parent=none",
      "  service: shop  kind: server  scope: lib 1",
      "  start: 2023-11-14T22:13:20.000000000Z  end: 2023-11-14T22:13:20.012345678Z",
      "  status: error boom",
      "  attributes:",
      "    n: int(1152921504606846976)",
      "  resource:",
      "    service.name: string(shop)",
      "",
    ]);
  });

  it("refuses keys that it does not know", () => {
    expect(JSON.stringify(consoleExporter.config.safeParse({ verbosty: "x" }).error?.issues)).toMatch(/verbosty/);
    expect(consoleExporter.config.safeParse({ verbosity: "loud" }).success).toBe(false);
  });
});

describe("file", () => {
  let folder: string;
  const running: Exporter[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "spanloom-file-"));
  });

  afterEach(async () => {
    for (const exporter of running.splice(0)) await exporter.shutdown(NEVER);
    await rm(folder, { recursive: true, force: true });
  });

  async function started(config: object): Promise<Exporter> {
    const exporter = fileExporter.create({ name: "file", writeStdout: () => {} }, fileExporter.config.parse(config));
    running.push(exporter);
    await exporter.start(testHost());
    return exporter;
  }

  async function linesOf(path: string): Promise<string[]> {
    const text = await readFile(path, "utf8");
    return text.split("\n").slice(0, -1);
  }

  it("appends a line of OTLP JSON an export, holding everything that was stored", async () => {
    const path = join(folder, "deep", "traces.jsonl");
    const fragments = fixtureFragments("python-shop", 3);
    const first = await started({ path });
    expect(await first.export(fragments.slice(0, 2), NEVER)).toEqual({ type: "delivered" });
    await first.shutdown(NEVER);
    const second = await started({ path });
    await second.export(fragments.slice(2), NEVER);
    const lines = await linesOf(path);
    const read = lines.map((line) => recordsOf(jsonToTraces(Buffer.from(line))).map(comparable));
    const stored = (part: typeof fragments) => recordsOf(decodeTraces(materialiseBody(part))).map(comparable);
    expect(read).toEqual([stored(fragments.slice(0, 2)), stored(fragments.slice(2))]);
  });

  it("keeps lines whole when several exports run at once", async () => {
    const path = join(folder, "t.jsonl");
    const exporter = await started({ path });
    const fragments = fixtureFragments("telemetrygen", 12);
    await Promise.all(fragments.map((fragment) => exporter.export([fragment], NEVER)));
    const lines = await linesOf(path);
    expect(lines).toHaveLength(12);
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  });

  it("ends a line that a crash has torn", async () => {
    const path = join(folder, "t.jsonl");
    await writeFile(path, '{"resourceSpans":[{"re');
    const exporter = await started({ path });
    await exporter.export([fragmentOfNames(["a"])], NEVER);
    const lines = await linesOf(path);
    expect(lines).toHaveLength(2);
    expect(recordsOf(jsonToTraces(Buffer.from(lines[1] as string)))).toHaveLength(1);
  });

  it("sets a full file aside, and keeps as many as it is told", async () => {
    const path = join(folder, "t.jsonl");
    await writeFile(join(folder, "t-notes.jsonl"), "mine\n");
    const exporter = await started({ path, rotation: { max_megabytes: 0.001, max_backups: 2 } });
    for (const name of ["a", "b", "c", "d", "e"]) {
      expect(await exporter.export([fragmentOfNames([name, name])], NEVER)).toEqual({ type: "delivered" });
    }
    const names = (await readdir(folder)).sort();
    const backups = names.filter((name) => /^t-\d{4}-\d\d-\d\dT[\d.-]+Z\.jsonl$/.test(name));
    expect(backups).toHaveLength(2);
    expect(names).toEqual([...backups, "t-notes.jsonl", "t.jsonl"].sort());
    const spanNames: string[] = [];
    for (const name of [...backups, "t.jsonl"]) {
      for (const line of await linesOf(join(folder, name))) {
        spanNames.push(recordsOf(jsonToTraces(Buffer.from(line)))[0]?.span.name as string);
      }
    }
    expect(spanNames).toEqual(["c", "d", "e"]);
  });

  it("says what is wrong with its path", async () => {
    await expect(started({ path: folder })).rejects.toThrow(
      /exporters\.file\.path: cannot write to .*: it is a folder, not a file/,
    );
  });

  it("retries what it cannot write, and works again", async () => {
    const path = join(folder, "t.jsonl");
    const exporter = await started({ path });
    const stop = new AbortController();
    stop.abort();
    expect(await exporter.export([fragmentOfNames(["a"])], stop.signal)).toMatchObject({ type: "retry" });
    expect(await exporter.export([fragmentOfNames(["a"])], NEVER)).toEqual({ type: "delivered" });
    expect(await linesOf(path)).toHaveLength(1);
    await exporter.shutdown(NEVER);
    await exporter.shutdown(NEVER);
    expect(await exporter.export([fragmentOfNames(["a"])], NEVER)).toMatchObject({ type: "retry" });
  });

  it("asks for a path and refuses keys that it does not know", () => {
    expect(JSON.stringify(fileExporter.config.safeParse({}).error?.issues)).toMatch(/path/);
    expect(JSON.stringify(fileExporter.config.safeParse({ path: "x", rotate: 1 }).error?.issues)).toMatch(/rotate/);
  });
});
