import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync, gzipSync } from "node:zlib";
import { Metadata, Server, ServerCredentials, status } from "@grpc/grpc-js";
import { OTLPLogExporter as GrpcLogs } from "@opentelemetry/exporter-logs-otlp-grpc";
import { OTLPLogExporter as HttpLogs } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { afterEach, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { decodeExportResponse, encodeExportResponse } from "../../src/codec/otlp/message/export-response.ts";
import { decodeRpcStatus, encodeRpcStatus, retryDelayOfTrailer } from "../../src/codec/rpc/status.ts";
import { recordingHost } from "../support/host.ts";
import { grpcCall, grpcClient } from "../support/receiver-rig.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(...args: Parameters<typeof createCollector>): Promise<Collector> {
  const collector = await createCollector(...args);
  closing.push(() => collector.shutdown());
  return collector;
}

interface Received {
  readonly path: string;
  readonly type: string;
  readonly encoding: string | undefined;
  readonly raw: Buffer;
}
interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** An OTLP/HTTP destination that answers as it is told. */
async function httpPeer(answer: (request: Received) => Answer | Promise<Answer> = () => ({ status: 200 })) {
  const received: Received[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { "content-type": type = "", "content-encoding": encoding } = request.headers;
    const one = { path: request.url ?? "", type, encoding, raw: Buffer.concat(chunks) };
    received.push(one);
    const { status: code, headers, body } = await answer(one);
    response.writeHead(code, headers).end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

type GrpcAnswerer = (message: Buffer) => Buffer | { code: status; details: string; retryMs?: number };

/** An OTLP/gRPC destination for logs and metrics. */
async function grpcPeer(answer: GrpcAnswerer = () => Buffer.alloc(0)) {
  const received: { path: string; message: Buffer }[] = [];
  const server = new Server();
  const same = (bytes: Buffer) => bytes;
  for (const path of ["logs.v1.LogsService", "metrics.v1.MetricsService"].map(
    (name) => `/opentelemetry.proto.collector.${name}/Export`,
  )) {
    const raw = {
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    server.addService(
      { Export: { path, requestStream: false, responseStream: false, ...raw } },
      {
        Export: (call: { request: Buffer }, done: (error: object | null, answer?: Buffer) => void) => {
          received.push({ path, message: call.request });
          const said = answer(call.request);
          if (Buffer.isBuffer(said)) return done(null, said);
          const metadata = new Metadata();
          if (said.retryMs !== undefined) {
            const bytes = encodeRpcStatus({ code: said.code, message: said.details, retryDelayMs: said.retryMs });
            metadata.set("grpc-status-details-bin", Buffer.from(bytes));
          }
          done({ code: said.code, details: said.details, metadata });
        },
      },
    );
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    );
  });
  closing.push(() => server.forceShutdown());
  return { endpoint: `127.0.0.1:${port}`, received };
}

/** A resource with a scope of two log records. */
const LOGS = Buffer.from("0a06120412001200", "hex");
const METRICS = Buffer.from("0a0d120b12090a016d2a040a000a00", "hex");
const LOGS_JSON = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{}, {}] }] }] });
const PROTO = "application/x-protobuf";
const LOGS_CALL = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

const post = (collector: Collector, signal: string, body: Uint8Array<ArrayBuffer> | string, headers = {}) =>
  fetch(`${collector.endpoints.otlpHttp}/v1/${signal}`, {
    method: "POST",
    body,
    headers: { "content-type": typeof body === "string" ? "application/json" : PROTO, ...headers },
  });
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

async function call(collector: Collector, path: string, message: Uint8Array) {
  const client = grpcClient(collector.endpoints.otlpGrpc as string);
  closing.push(() => client.close());
  return grpcCall(client, path, message);
}

/** Values of `/metrics` whose lines begin so, by their labels. */
async function metric(collector: Collector, name: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${collector.endpoints.ui}metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`));
  return Object.fromEntries(
    lines.map((line) => [line.slice(name.length, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
  );
}

const both = { signals: ["traces" as const, "metrics" as const, "logs" as const] };

describe("what an exporter asks for is forwarded, before the sender is answered", () => {
  it("over HTTP, byte for byte, in the format and the compression that it came in", async () => {
    const peer = await httpPeer();
    const collector = await start({ exporters: { otlp_http: { endpoint: peer.url, ...both } } });
    expect((await post(collector, "logs", LOGS)).status).toBe(200);
    expect((await post(collector, "metrics", gzipSync(METRICS), { "content-encoding": "gzip" })).status).toBe(200);
    const json = await post(collector, "logs", LOGS_JSON);
    expect([json.status, await json.text()]).toEqual([200, "{}"]);
    expect((await call(collector, LOGS_CALL, LOGS)).response).toEqual(Buffer.alloc(0));
    expect(peer.received.map(({ path, type, encoding }) => [path, type, encoding])).toEqual([
      ["/v1/logs", PROTO, undefined],
      ["/v1/metrics", PROTO, "gzip"],
      ["/v1/logs", "application/json", undefined],
      ["/v1/logs", PROTO, undefined],
    ]);
    const bodies = peer.received.map(({ raw }) => raw);
    expect(bodies[0]).toEqual(LOGS);
    expect(gunzipSync(bodies[1] as Buffer)).toEqual(METRICS);
    expect(String(bodies[2])).toBe(LOGS_JSON);
    expect(bodies[3]).toEqual(LOGS);
    expect(await metric(collector, "spanloom_forwarded_records_total")).toEqual({
      '{exporter="otlp_http",signal="logs"}': 6,
      '{exporter="otlp_http",signal="metrics"}': 2,
    });
    expect(await metric(collector, "spanloom_receiver_dropped_other_records_total")).toEqual({});
  });

  it("over gRPC, JSON as protobuf", async () => {
    const peer = await grpcPeer();
    const collector = await start({ exporters: { otlp: { endpoint: peer.endpoint, ...both } } });
    expect((await post(collector, "logs", LOGS_JSON)).status).toBe(200);
    expect((await post(collector, "metrics", METRICS)).status).toBe(200);
    expect(peer.received.map(({ message }) => message)).toEqual([LOGS, METRICS]);
    const odd = await post(collector, "logs", LOGS_JSON.replace("{}", '{"traceId":"x"}'));
    expect([odd.status, ((await odd.json()) as { message: string }).message]).toEqual([
      400,
      expect.stringContaining("traceId: expected hex digits"),
    ]);
    const long = await post(collector, "logs", JSON.stringify({ resourceLogs: [], pad: "x".repeat(4 * 1024 * 1024) }));
    expect(long.status).toBe(413);
    expect(((await long.json()) as { message: string }).message).toContain("by an exporter otlp_http");
    expect(peer.received).toHaveLength(2);
  });

  it("from the SDK's own exporters through two collectors", async () => {
    const peer = await httpPeer();
    const far = await start({ exporters: { otlp_http: { endpoint: peer.url, ...both } } });
    const near = await start({
      exporters: { otlp: { endpoint: far.endpoints.otlpGrpc as string, signals: ["logs", "metrics"] } },
    });
    const logs = [
      new GrpcLogs({ url: `http://${near.endpoints.otlpGrpc}` }),
      new HttpLogs({ url: `${near.endpoints.otlpHttp}/v1/logs` }),
    ];
    for (const exporter of logs) {
      const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] });
      provider.getLogger("shop").emit({ body: "an order" });
      await provider.shutdown();
    }
    const exporter = new OTLPMetricExporter({ url: `${near.endpoints.otlpHttp}/v1/metrics` });
    const provider = new MeterProvider({
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e8 })],
    });
    provider.getMeter("shop").createCounter("orders").add(3);
    await provider.forceFlush();
    await provider.shutdown();
    const sent = peer.received.map(({ path, raw, encoding }) => [
      path,
      String(encoding === "gzip" ? gunzipSync(raw) : raw),
    ]);
    expect(sent.filter(([path, text]) => path === "/v1/logs" && text?.includes("an order"))).toHaveLength(2);
    expect(sent.filter(([path, text]) => path === "/v1/metrics" && text?.includes("orders"))).not.toHaveLength(0);
  });

  it("and nothing else: no spans to an exporter of logs, no logs to one of spans", async () => {
    const [logs, spans] = [await httpPeer(), await httpPeer()];
    const collector = await start({
      exporters: {
        otlp_http: { endpoint: spans.url },
        "otlp_http/logs": { endpoint: logs.url, signals: ["logs"] },
      },
    });
    const span = {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      name: "x",
      startTimeUnixNano: "1",
    };
    await post(collector, "traces", JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }));
    await post(collector, "logs", LOGS);
    const dropped = decodeExportResponse(await bytesOf(await post(collector, "metrics", METRICS)));
    expect(dropped?.rejectedSpans).toBe(2);
    // Exporters are given what is left at the end.
    await collector.shutdown();
    expect(spans.received.map(({ path }) => path)).toEqual(["/v1/traces"]);
    expect(logs.received.map(({ path }) => path)).toEqual(["/v1/logs"]);
  });
});

describe("the destination's answer is the sender's", () => {
  it.each([
    [{ status: 503, headers: { "retry-after": "7" } }, 503, "7"],
    [{ status: 429, headers: { "retry-after": "86400" } }, 429, "300"],
    [{ status: 502 }, 503, "1"],
    [{ status: 400, body: "no such tenant" }, 400, null],
    [{ status: 413 }, 413, null],
    [{ status: 401, body: "no token" }, 500, null],
    [{ status: 500, body: "broken" }, 500, null],
    [{ status: 302, headers: { location: "/login" } }, 500, null],
  ])("over HTTP: %j", async (answer: Answer, code, retryAfter) => {
    const peer = await httpPeer(() => answer);
    const collector = await start({ exporters: { otlp_http: { endpoint: peer.url, signals: ["logs"] } } });
    const response = await post(collector, "logs", LOGS);
    expect([response.status, response.headers.get("retry-after")]).toEqual([code, retryAfter]);
    const { message } = decodeRpcStatus(await bytesOf(response));
    expect(message).toContain(`exporter otlp_http: HTTP ${answer.status}`);
    if (answer.body !== undefined) expect(message).toContain(String(answer.body));
    const outcome = retryAfter === null ? "refused" : "retry";
    expect(await metric(collector, "spanloom_forwarded_failures_total")).toEqual({
      [`{exporter="otlp_http",signal="logs",outcome="${outcome}"}`]: 1,
    });
  });

  it.each([
    [{ code: status.UNAVAILABLE, details: "busy", retryMs: 7_000 }, status.UNAVAILABLE, 7_000],
    [{ code: status.RESOURCE_EXHAUSTED, details: "quota", retryMs: 2_000 }, status.UNAVAILABLE, 2_000],
    [{ code: status.INVALID_ARGUMENT, details: "no such tenant" }, status.INVALID_ARGUMENT, undefined],
    [{ code: status.UNIMPLEMENTED, details: "traces only" }, status.INTERNAL, undefined],
  ])("over gRPC: %j", async (answer, code, retryMs) => {
    const peer = await grpcPeer(() => answer);
    const collector = await start({ exporters: { otlp: { endpoint: peer.endpoint, signals: ["logs"] } } });
    const { error } = await call(collector, LOGS_CALL, LOGS);
    expect(error?.code).toBe(code);
    expect(error?.details).toContain(answer.details);
    expect(retryDelayOfTrailer(error?.metadata.get("grpc-status-details-bin")[0])).toBe(retryMs);
  });

  it("with its count of what it did not keep, in every encoding", async () => {
    const peer = await httpPeer(({ type }) => ({
      status: 200,
      headers: { "content-type": type },
      body:
        type === PROTO
          ? encodeExportResponse({ rejectedSpans: 1, errorMessage: "one was old" })
          : '{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"one was old"}}',
    }));
    const collector = await start({ exporters: { otlp_http: { endpoint: peer.url, signals: ["logs"] } } });
    const partial = { rejectedSpans: 1, errorMessage: "otlp_http: one was old" };
    expect(decodeExportResponse(await bytesOf(await post(collector, "logs", LOGS)))).toEqual(partial);
    expect(decodeExportResponse((await call(collector, LOGS_CALL, LOGS)).response as Uint8Array)).toEqual(partial);
    expect(await (await post(collector, "logs", LOGS_JSON)).json()).toEqual({
      partialSuccess: { rejectedLogRecords: "1", errorMessage: "otlp_http: one was old" },
    });
    const labels = '{exporter="otlp_http",signal="logs"}';
    expect(await metric(collector, "spanloom_forwarded_records_total")).toEqual({ [labels]: 3 });
    expect(await metric(collector, "spanloom_forwarded_rejected_records_total")).toEqual({ [labels]: 3 });
  });

  it("of several, the worst that may pass: all must take it", async () => {
    const answers = [{ status: 200 }, { status: 400, body: "never" }, { status: 503, headers: { "retry-after": "9" } }];
    const peers = [
      await httpPeer(() => answers[0]!),
      await httpPeer(() => answers[1]!),
      await httpPeer(() => answers[2]!),
    ];
    const collector = await start({
      exporters: Object.fromEntries(
        peers.map(({ url }, at) => [`otlp_http/${at}`, { endpoint: url, signals: ["logs"] }]),
      ),
    });
    const first = await post(collector, "logs", LOGS);
    expect([first.status, first.headers.get("retry-after")]).toEqual([503, "9"]);
    answers[2] = { status: 200 };
    const second = await post(collector, "logs", LOGS);
    expect(second.status).toBe(400);
    expect(decodeRpcStatus(await bytesOf(second)).message).toContain("exporter otlp_http/1: HTTP 400: never");
    answers[1] = { status: 200 };
    expect((await post(collector, "logs", LOGS)).status).toBe(200);
    expect(peers.map(({ received }) => received.length)).toEqual([3, 3, 3]);
  });

  it("that it gives in time; else the sender may repeat it, and the log says so once", async () => {
    const host = recordingHost();
    const peer = await httpPeer(() => new Promise(() => {}));
    const collector = await start(
      { exporters: { otlp_http: { endpoint: peer.url, signals: ["logs"], timeout_ms: 50 } } },
      { logger: host.logger },
    );
    for (let i = 0; i < 2; i++) {
      const response = await post(collector, "logs", LOGS);
      expect(response.status).toBe(503);
      expect(decodeRpcStatus(await bytesOf(response)).message).toContain("no answer within 50 ms");
    }
    expect(host.lines.filter(({ message }) => message.includes("unreachable"))).toHaveLength(1);
  });
});

it("holds no more bytes than the budget has, whatever waits for a destination", async () => {
  let release = (): void => {};
  const released = new Promise<void>((done) => {
    release = done;
  });
  let arrived = (): void => {};
  const waiting = new Promise<void>((done) => {
    arrived = done;
  });
  const peer = await httpPeer(async () => {
    arrived();
    await released;
    return { status: 200 };
  });
  const collector = await start({
    limits: { in_flight_mebibytes: 1 },
    exporters: { otlp_http: { endpoint: peer.url, signals: ["logs"] } },
  });
  const pad = JSON.stringify({ resourceLogs: [], pad: "x".repeat(700_000) });
  const held = post(collector, "logs", pad);
  await waiting;
  const refused = await post(collector, "logs", pad);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
  release();
  expect((await held).status).toBe(200);
  expect((await post(collector, "logs", pad)).status).toBe(200);
});

it("warns of processors that do not apply, and of a receiver that refuses what is asked for", async () => {
  const host = recordingHost();
  const peer = await httpPeer();
  await start(
    {
      receivers: { otlp: { other_signals: "refuse" } },
      processors: { redaction: { rules: [{ keys: ["enduser.id"], action: "mask" }] } },
      exporters: { otlp_http: { endpoint: peer.url, signals: ["logs"] } },
    },
    { logger: host.logger },
  );
  const warned = host.lines.filter(({ level }) => level === "warn").map(({ message }) => message);
  expect(warned).toContainEqual(expect.stringContaining("processors.redaction apply to spans only"));
  expect(warned).toContainEqual(expect.stringContaining("receivers.otlp.other_signals refuses them"));
});
