import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { eventually } from "../support/eventually.ts";
import { RECORDINGS, recordingFacts, replayAll, traceIds } from "../support/recordings.ts";

const TOTAL = RECORDINGS.reduce((sum, name) => sum + recordingFacts(name).spans, 0);

let folder: string;
const running: { shutdown(): Promise<void> }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-fanout-"));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.shutdown()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(config: Parameters<typeof createCollector>[0] = {}): Promise<Collector> {
  const collector = await createCollector(config);
  running.push(collector);
  return collector;
}

/** What the collector itself says was delivered, by exporter. */
async function delivered(collector: Collector): Promise<Record<string, number>> {
  const text = await (await fetch(`${collector.endpoints.ui}metrics`)).text();
  const lines = text.matchAll(/^spanloom_exporter_delivered_spans_total\{exporter="([^"]+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map((line) => [line[1] as string, Number(line[2])]));
}

interface JaegerTrace {
  readonly spans: (Record<string, unknown> & { spanID: string; processID: string })[];
  readonly processes: Readonly<Record<string, unknown>>;
}

/** The spans by id, each with its process: numbers of processes follow the order in which batches arrived. */
async function jaegerTrace(collector: Collector, id: string): Promise<unknown> {
  const response = await fetch(`${collector.endpoints.ui}api/traces/${id}`);
  const [trace] = ((await response.json()) as { data: JaegerTrace[] | null }).data ?? [];
  return trace?.spans
    .map(({ processID, ...span }) => ({ ...span, process: trace.processes[processID] }))
    .sort((one, other) => (one.spanID < other.spanID ? -1 : 1));
}

/** A peer that counts spans of whatever JSON arrays it is sent. */
async function zipkinPeer(): Promise<{ url: string; spans: Record<string, unknown>[]; server: Server }> {
  const spans: Record<string, unknown>[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    let body = Buffer.concat(chunks);
    if (request.headers["content-encoding"] === "gzip") body = (await import("node:zlib")).gunzipSync(body);
    spans.push(...(JSON.parse(body.toString()) as Record<string, unknown>[]));
    response.statusCode = 202;
    response.end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  running.push({ shutdown: () => new Promise((done) => server.close(() => done())) });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v2/spans`, spans, server };
}

describe.each(["sqlite", "memory"] as const)("fan-out from the %s store", (kind) => {
  it("passes everything on over OTLP, gRPC and HTTP, to Zipkin and to a file", async () => {
    const [byGrpc, byHttp, zipkin] = [await start(), await start(), await zipkinPeer()];
    const file = join(folder, "out.jsonl");
    const collector = await start({
      storage: { kind, path: join(folder, "data") },
      exporters: {
        otlp: { endpoint: byGrpc.endpoints.otlpGrpc },
        "otlphttp/second": { endpoint: byHttp.endpoints.otlpHttp },
        zipkin: { endpoint: zipkin.url },
        file: { path: file },
      },
    });
    await replayAll(collector.endpoints.otlpHttp as string);
    const wanted = { otlp: TOTAL, "otlphttp/second": TOTAL, zipkin: TOTAL, file: TOTAL };
    await eventually("all spans delivered", async () => {
      const now = await delivered(collector);
      return Object.entries(wanted).every(([name, count]) => now[name] === count);
    });
    for (const name of RECORDINGS) {
      for (const id of traceIds(name)) {
        const own = await jaegerTrace(collector, id);
        expect(await jaegerTrace(byGrpc, id)).toEqual(own);
        expect(await jaegerTrace(byHttp, id)).toEqual(own);
      }
    }
    expect(zipkin.spans).toHaveLength(TOTAL);
    await collector.shutdown();
    const lines = readFileSync(file, "utf8").trim().split("\n");
    const spansInFile = lines
      .flatMap((line) => (JSON.parse(line) as OtlpLine).resourceSpans)
      .flatMap((resource) => resource.scopeSpans)
      .flatMap((scope) => scope.spans);
    expect(spansInFile).toHaveLength(TOTAL);
  });

  it("keeps the others going while one destination is down, and catches up", async () => {
    const up = await start();
    const late = await start();
    const lateUrl = late.endpoints.otlpHttp as string;
    await late.shutdown();
    const collector = await start({
      storage: { kind, path: join(folder, "data") },
      exporters: {
        otlphttp: { endpoint: up.endpoints.otlpHttp },
        "otlphttp/late": {
          endpoint: lateUrl,
          retry_on_failure: { initial_interval_ms: 50, max_interval_ms: 200 },
        },
      },
    });
    await replayAll(collector.endpoints.otlpHttp as string);
    await eventually("the healthy destination has all", async () => (await delivered(collector)).otlphttp === TOTAL);
    expect((await delivered(collector))["otlphttp/late"] ?? 0).toBe(0);
    const back = await start({
      receivers: { otlp: { protocols: { http: { endpoint: new URL(lateUrl).host } } } },
    });
    await eventually(
      "the late destination has all",
      async () => (await delivered(collector))["otlphttp/late"] === TOTAL,
    );
    for (const id of traceIds("python-shop")) {
      expect(await jaegerTrace(back, id)).toEqual(await jaegerTrace(collector, id));
    }
  });
});

describe("fan-out across a restart", () => {
  it("resumes at its cursor: nothing is missed, nothing is sent again", async () => {
    const peer = await zipkinPeer();
    const config = {
      storage: { kind: "sqlite", path: join(folder, "data") },
      exporters: {
        zipkin: { endpoint: peer.url, retry_on_failure: { initial_interval_ms: 50, max_interval_ms: 200 } },
      },
    } as const;
    const first = await start(config);
    await replayAll(first.endpoints.otlpHttp as string, ["node-shop"]);
    await eventually(
      "the first half",
      async () => (await delivered(first)).zipkin === recordingFacts("node-shop").spans,
    );
    await first.shutdown();
    const second = await start(config);
    await replayAll(second.endpoints.otlpHttp as string, ["python-shop", "telemetrygen"]);
    await eventually("the second half", () => peer.spans.length >= TOTAL);
    await second.shutdown();
    expect(peer.spans).toHaveLength(TOTAL);
    expect(new Set(peer.spans.map((span) => `${span.traceId}${span.id}${span.kind}`)).size).toBe(TOTAL);
  });
});

interface OtlpLine {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly unknown[] }[] }[];
}
