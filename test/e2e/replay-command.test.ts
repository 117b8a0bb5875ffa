import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTestCollector, type TestCollector, type TestTrace } from "../../src/testing/testing.ts";
import { MAIN, plainEnvironment } from "../support/collector-process.ts";
import { FOREIGN_RECEIVERS, foreignAddresses } from "../support/foreign-addresses.ts";
import { recordingFacts, recordingPath } from "../support/recordings.ts";

const SHOP = recordingPath("node-shop");
const SPAN = '{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"x"}';
const LINE = `{"resourceSpans":[{"scopeSpans":[{"spans":[${SPAN}]}]}]}`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-replay-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let collector: TestCollector;
let foreign: Record<"jaeger" | "zipkin", string>;
beforeEach(async () => {
  collector = await createTestCollector({ config: { receivers: FOREIGN_RECEIVERS } });
  const addresses = await foreignAddresses(collector);
  foreign = { jaeger: addresses["Jaeger/HTTP"] as string, zipkin: addresses["Zipkin/HTTP"] as string };
});
afterEach(() => collector.close());

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs beside this process, in which the collector lives. */
function replay(args: readonly string[], stdin?: Buffer): Promise<Ran> {
  return new Promise((done) => {
    const options = { cwd: folder, env: { ...plainEnvironment(), TMPDIR: folder } };
    const child = execFile(process.execPath, [MAIN, "replay", ...args], options, (_error, out, err) =>
      done({ code: child.exitCode, out, err }),
    );
    child.stdin?.end(stdin);
  });
}

/** Who called whom, in words that no format changes. */
function trees(traces: readonly TestTrace[]): string[] {
  return traces
    .flatMap(({ spans }) => {
      const byId = new Map(spans.map((span) => [span.spanId, span]));
      return spans.map((span) => {
        const parent = byId.get(span.parentSpanId ?? "");
        return `${span.traceId} ${span.spanId} ${span.service}:${span.name} < ${parent?.service}:${parent?.name}`;
      });
    })
    .sort();
}

describe("spanloom replay", () => {
  it.each(["otlp", "otlphttp", "jaeger", "zipkin"] as const)("sends the same trees by %s", async (type) => {
    const endpoint = { otlp: new URL(collector.grpcUrl).host, otlphttp: collector.url, ...foreign }[type];
    const { code, out } = await replay(["--json", "--to", `${type}=${endpoint}`, SHOP]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ spans: recordingFacts("node-shop").spans, rejectedSpans: 0 });
    const sent = trees(await collector.traces());
    await collector.reset();
    await replay(["--endpoint", collector.url, SHOP]);
    expect(sent).toEqual(trees(await collector.traces()));
  });

  it("sends to several at once, by their types and as the config has them", async () => {
    writeFileSync(join(folder, "to.yaml"), `exporters:\n  zipkin/mine:\n    endpoint: ${foreign.zipkin}\n`);
    const to = `otlphttp=${collector.url},jaeger=${foreign.jaeger}`;
    const { code, out } = await replay(["--config", "to.yaml", "--to", to, "--to", "zipkin/mine", SHOP]);
    expect(code).toBe(0);
    expect(out).toContain(`  zipkin/mine ${foreign.zipkin}: 766 spans`);
    expect(out).toContain(`  otlphttp ${collector.url}: 766 spans`);
  });

  it("sends the traces that a search in TraceQL finds, whole", async () => {
    const { allTraces } = recordingFacts("node-shop");
    const wanted = allTraces.filter(({ errors }) => errors > 0);
    const bytes = gzipSync(readFileSync(SHOP));
    const args = ["--json", "--endpoint", collector.url, "--query", "{ status = error }", "-"];
    const { code, out } = await replay(args, bytes);
    expect(code).toBe(0);
    const spans = wanted.reduce((sum, trace) => sum + trace.spans, 0);
    expect(JSON.parse(out)).toMatchObject({ spans, unchosenSpans: recordingFacts("node-shop").spans - spans });
    const ids = (await collector.traces()).map(({ traceId }) => traceId);
    expect(ids.sort()).toEqual(wanted.map(({ traceId }) => traceId).sort());
    expect(readdirSync(folder).filter((name) => name.startsWith("spanloom-"))).toEqual([]);
    // `count` finds what no single span says.
    const many = await replay(["--json", "--endpoint", collector.url, "--query", "{ } | count() > 100", SHOP]);
    const large = allTraces.filter((trace) => trace.spans > 100).reduce((sum, trace) => sum + trace.spans, 0);
    expect(JSON.parse(many.out)).toMatchObject({ spans: large });
  });

  it("counts what it skips, and fails for it unless it was told to", async () => {
    const mixed = `${LINE}\n{"resourceLogs":[{"scopeLogs":[]}]}\n{"resourceSpans":[{]}\n`;
    writeFileSync(join(folder, "mixed.jsonl"), mixed);
    const { code, out, err } = await replay(["--endpoint", collector.url, "mixed.jsonl"]);
    expect([code, out]).toEqual([1, expect.stringContaining("lines left out: 2")]);
    expect(err).toContain("mixed.jsonl:2: left out: found OTLP logs, expected traces");
    expect(await replay(["--skip-bad", "--endpoint", collector.url, "mixed.jsonl"])).toMatchObject({
      code: 0,
      out: expect.stringContaining("lines left out: 2"),
    });
  });

  it("has an exit code for each thing that goes wrong", async () => {
    const refusing = createServer((_request, response) => response.writeHead(400).end("no such tenant"));
    refusing.listen(0, "127.0.0.1");
    await once(refusing, "listening");
    const refuses = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`;
    try {
      const refused = await replay(["--to", `zipkin=${refuses}/api/v2/spans`, SHOP]);
      expect(refused).toMatchObject({ code: 7, out: expect.stringContaining("refused: 766 spans") });
      expect(refused.out).toContain("no such tenant");
      expect((await replay(["--endpoint", refuses, SHOP])).code).toBe(7);
    } finally {
      refusing.close();
    }
    expect(await replay(["--to", "zipkin=http://127.0.0.1:9/api/v2/spans", SHOP])).toMatchObject({
      code: 5,
      err: expect.stringMatching(/zipkin http:\/\/127\.0\.0\.1:9\S* takes no spans: .*ECONNREFUSED/),
    });
    expect(await replay(["--to", "zipkn", SHOP])).toMatchObject({ code: 2, err: expect.stringContaining("zipkin") });
    expect(await replay(["--to", "zipkin=ftp://x", SHOP])).toMatchObject({ code: 2 });
    expect(await replay(["--query", "{ status = }", SHOP])).toMatchObject({ code: 2 });
    expect(await replay(["--to", "zipkin", "--endpoint", refuses, SHOP])).toMatchObject({ code: 2 });
    writeFileSync(join(folder, "wide.jsonl"), Buffer.from(`${LINE}\n`, "utf16le"));
    expect(await replay(["--endpoint", collector.url, "wide.jsonl"])).toMatchObject({ code: 2 });
  });

  it("ends at Ctrl-C with what it had sent", async () => {
    const late = LINE.replace('"name"', '"endTimeUnixNano":"9000000000000000000","name"');
    writeFileSync(join(folder, "slow.jsonl"), `${LINE.replace('"name"', '"endTimeUnixNano":"1","name"')}\n${late}\n`);
    const args = [MAIN, "replay", "--json", "--speed", "1x", "--endpoint", collector.url, "slow.jsonl"];
    const child = spawn(process.execPath, args, { cwd: folder, env: plainEnvironment() });
    let out = "";
    child.stdout.on("data", (text) => {
      out += text;
    });
    await collector.waitForSpan({ name: "x" }, 20_000);
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    expect(code).toBe(130);
    expect(JSON.parse(out)).toMatchObject({ interrupted: true, spans: 1, requests: 1 });
  });
});
