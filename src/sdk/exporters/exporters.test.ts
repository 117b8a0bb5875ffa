import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import * as grpc from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { jaegerTraces, zipkinTraces } from "../../../test/support/mapped-spans.ts";
import { jsonToTraces } from "../../codec/otlp/json/json-in.ts";
import { decodeTraces } from "../../codec/otlp/message/decode.ts";
import type { TracesData } from "../../model/span.ts";
import { createTracing } from "../trace/tracing.ts";
import { consoleExporter } from "./console.ts";
import type { ExporterInput } from "./create.ts";
import { post } from "./http-post.ts";

interface Received {
  readonly path: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function backend(answer: (response: ServerResponse, attempt: number) => void = (response) => response.end()) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ path: request.url, headers: request.headers, body: Buffer.concat(chunks) });
      answer(response, received.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Sends a parent and a child through an exporter; returns the ids and the counters. */
async function send(exporter: ExporterInput) {
  const backoff = { initialMs: 1, maxMs: 2, factor: 1 };
  const tracing = createTracing({
    service: "sender",
    exporter,
    batch: { backoff, giveUpMs: 2000 },
    resource: { zone: "a" },
  });
  const ids = tracing.tracer("lib", "1.2").trace(
    "parent",
    (parent) => {
      parent.setAttribute("count", 7).addEvent("event", { k: "v" });
      const child = tracing.tracer("lib", "1.2").startSpan("child");
      child.setStatus("error", "bad").end();
      return { traceId: parent.context.traceId, parent: parent.context.spanId, child: child.context.spanId };
    },
    { kind: "server" },
  );
  await tracing.shutdown();
  return { ids, stats: tracing.stats() };
}

function expectTrace(data: TracesData, ids: Awaited<ReturnType<typeof send>>["ids"]): void {
  expect(data).toHaveLength(1);
  expect(data[0]?.resource.attributes).toContainEqual({
    key: "service.name",
    value: { type: "string", value: "sender" },
  });
  expect(data[0]?.resource.attributes).toContainEqual({ key: "zone", value: { type: "string", value: "a" } });
  expect(data[0]?.scopeSpans[0]?.scope).toMatchObject({ name: "lib", version: "1.2" });
  const spans = data.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  expect(spans).toHaveLength(2);
  const [child, parent] = spans;
  expect(child).toMatchObject({
    name: "child",
    traceId: ids.traceId,
    spanId: ids.child,
    parentSpanId: ids.parent,
    kind: 1,
    status: { code: 2, message: "bad" },
  });
  expect(parent).toMatchObject({
    name: "parent",
    traceId: ids.traceId,
    spanId: ids.parent,
    parentSpanId: "",
    kind: 2,
    status: { code: 0 },
  });
  expect(parent?.attributes).toContainEqual({ key: "count", value: { type: "int", value: 7n } });
  expect(parent?.events[0]).toMatchObject({
    name: "event",
    attributes: [{ key: "k", value: { type: "string", value: "v" } }],
  });
}

describe("exporters", () => {
  it("otlp sends protobuf, gzipped", async () => {
    const { received, url } = await backend();
    const { ids, stats } = await send({ type: "otlp", endpoint: `${url}/v1/traces`, headers: { "x-token": "t" } });
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({
      path: "/v1/traces",
      headers: { "content-type": "application/x-protobuf", "content-encoding": "gzip", "x-token": "t" },
    });
    expectTrace(decodeTraces(gunzipSync(received[0]?.body as Buffer)), ids);
    expect(stats).toMatchObject({ delivered: 2, dropped: 0 });
  });

  it("otlp sends JSON, plain", async () => {
    const { received, url } = await backend();
    const { ids } = await send({ type: "otlp", endpoint: url, protocol: "http/json", compression: "none" });
    expect(received[0]?.headers).toMatchObject({ "content-type": "application/json" });
    expect(received[0]?.headers["content-encoding"]).toBeUndefined();
    expectTrace(jsonToTraces(received[0]?.body as Buffer), ids);
  });

  it("jaeger sends a thrift batch", async () => {
    const { received, url } = await backend((response) => response.writeHead(202).end());
    const { ids } = await send({ type: "jaeger", endpoint: `${url}/api/traces` });
    expect(received[0]).toMatchObject({
      path: "/api/traces",
      headers: { "content-type": "application/vnd.apache.thrift.binary" },
    });
    expectTrace(jaegerTraces(received[0]?.body as Buffer), ids);
  });

  it("zipkin sends v2 JSON", async () => {
    const { received, url } = await backend((response) => response.writeHead(202).end());
    const { ids } = await send({ type: "zipkin", endpoint: `${url}/api/v2/spans` });
    expect(received[0]).toMatchObject({ path: "/api/v2/spans", headers: { "content-type": "application/json" } });
    expectTrace(zipkinTraces(received[0]?.body as Buffer), ids);
  });

  it("console writes one line a span", async () => {
    const lines: string[] = [];
    const tracing = createTracing({ service: "s", exporter: consoleExporter({ write: (line) => lines.push(line) }) });
    const span = tracing.tracer().startSpan("load page", { startTime: 1000 });
    span.end(1012.345);
    await tracing.shutdown();
    const { traceId, spanId } = span.context;
    expect(lines).toEqual([
      `[TRACE] load page trace=${traceId.slice(0, 8)}... span=${spanId.slice(0, 8)}... duration=12.35ms\n`,
    ]);
  });
});

describe("otlp over gRPC", () => {
  const METHOD = {
    Export: {
      path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  };

  async function grpcBackend(answer: (attempt: number) => Partial<grpc.ServiceError> | Buffer) {
    const received: { body: Buffer; metadata: grpc.Metadata }[] = [];
    const server = new grpc.Server();
    server.addService(METHOD, {
      Export(call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) {
        received.push({ body: call.request, metadata: call.metadata });
        const result = answer(received.length);
        if (Buffer.isBuffer(result)) done(null, result);
        else done(result);
      },
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    closers.push(async () => server.forceShutdown());
    return { received, url: `http://127.0.0.1:${port}` };
  }

  it("delivers, with metadata", async () => {
    const { received, url } = await grpcBackend(() => Buffer.alloc(0));
    const { ids, stats } = await send({ type: "otlp", protocol: "grpc", endpoint: url, headers: { "X-Token": "t" } });
    expectTrace(decodeTraces(received[0]?.body as Buffer), ids);
    expect(received[0]?.metadata.get("x-token")).toEqual(["t"]);
    expect(stats.delivered).toBe(2);
  });

  it("tries again what may be tried again", async () => {
    const { received, url } = await grpcBackend((attempt) =>
      attempt === 1 ? { code: grpc.status.UNAVAILABLE, details: "busy" } : Buffer.alloc(0),
    );
    const { stats } = await send({ type: "otlp", protocol: "grpc", endpoint: url });
    expect(received).toHaveLength(2);
    expect(stats).toMatchObject({ delivered: 2, retries: 1 });
  });

  it("does not repeat a refusal, and counts a partial one", async () => {
    const refusing = await grpcBackend(() => ({ code: grpc.status.INVALID_ARGUMENT, details: "no" }));
    expect((await send({ type: "otlp", protocol: "grpc", endpoint: refusing.url })).stats).toMatchObject({
      rejected: 2,
      retries: 0,
    });
    expect(refusing.received).toHaveLength(1);
    // partial_success { rejected_spans: 1, error_message: "x" }
    const partial = await grpcBackend(() => Buffer.from([0x0a, 5, 0x08, 1, 0x12, 1, 0x78]));
    expect((await send({ type: "otlp", protocol: "grpc", endpoint: partial.url })).stats).toMatchObject({
      delivered: 1,
      rejected: 1,
    });
  });

  it("repeats RESOURCE_EXHAUSTED with RetryInfo, splits without", async () => {
    const duration = Buffer.from([0x10, 0xc0, 0x84, 0x3d]); // nanos: 1 000 000
    const field = (tag: number, bytes: Buffer) => Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
    const any = Buffer.concat([
      field(0x0a, Buffer.from("type.googleapis.com/google.rpc.RetryInfo")),
      field(0x12, field(0x0a, duration)),
    ]);
    const metadata = new grpc.Metadata();
    metadata.set("grpc-status-details-bin", field(0x1a, any));
    const busy = { code: grpc.status.RESOURCE_EXHAUSTED, details: "full" };
    const waiting = await grpcBackend((attempt) => (attempt === 1 ? { ...busy, metadata } : Buffer.alloc(0)));
    expect((await send({ type: "otlp", protocol: "grpc", endpoint: waiting.url })).stats).toMatchObject({
      delivered: 2,
      retries: 1,
    });
    const small = await grpcBackend((attempt) => (attempt === 1 ? busy : Buffer.alloc(0)));
    expect((await send({ type: "otlp", protocol: "grpc", endpoint: small.url })).stats).toMatchObject({
      delivered: 2,
      retries: 0,
    });
    expect(small.received).toHaveLength(3);
  });
});

describe("answers over HTTP", () => {
  it.each([429, 502, 503, 504])("%d is tried again", async (status) => {
    const { received, url } = await backend((response, attempt) =>
      response.writeHead(attempt === 1 ? status : 200).end(),
    );
    expect((await send({ type: "zipkin", endpoint: url })).stats).toMatchObject({ delivered: 2, retries: 1 });
    expect(received).toHaveLength(2);
  });

  it.each([400, 401, 404, 500])("%d is not", async (status) => {
    const { received, url } = await backend((response) => response.writeHead(status).end("why"));
    expect((await send({ type: "jaeger", endpoint: url })).stats).toMatchObject({ rejected: 2, retries: 0 });
    expect(received).toHaveLength(1);
  });

  it("413 splits the batch", async () => {
    const { received, url } = await backend((response, attempt) => response.writeHead(attempt === 1 ? 413 : 200).end());
    expect((await send({ type: "otlp", endpoint: url })).stats).toMatchObject({ delivered: 2 });
    expect(received).toHaveLength(3);
  });

  it("a partial success is counted in both encodings and not repeated", async () => {
    const json = await backend((response) =>
      response
        .setHeader("content-type", "application/json")
        .end('{"partialSuccess":{"rejectedSpans":"1","errorMessage":"x"}}'),
    );
    expect((await send({ type: "otlp", endpoint: json.url, protocol: "http/json" })).stats).toMatchObject({
      delivered: 1,
      rejected: 1,
    });
    const proto = await backend((response) => response.end(Buffer.from([0x0a, 2, 0x08, 2])));
    expect((await send({ type: "otlp", endpoint: proto.url })).stats).toMatchObject({ delivered: 0, rejected: 2 });
    const page = await backend((response) => response.end("<html>fine</html>"));
    expect((await send({ type: "otlp", endpoint: page.url })).stats).toMatchObject({ delivered: 2 });
  });

  it("leave nothing on a signal that lives on", async () => {
    const { signal } = new AbortController();
    /** What Node keeps of the signals that depend on one, and of its listeners: sets and maps under symbols. */
    const held = (): number =>
      Object.getOwnPropertySymbols(signal)
        .map((symbol) => (signal as unknown as Record<symbol, { readonly size?: unknown } | undefined>)[symbol]?.size)
        .reduce((sum: number, size) => sum + (typeof size === "number" ? size : 0), 0);
    const before = held();
    const { url } = await backend((response) => response.end());
    const settings = { url: new URL(url), headers: {}, timeoutMs: 5_000 };
    for (let i = 0; i < 3; i++) await post(settings, new Uint8Array(1), signal);
    expect(held()).toBe(before);
  });

  it("a lost connection is tried again", async () => {
    const { received, url } = await backend((response, attempt) =>
      attempt === 1 ? response.destroy() : response.end(),
    );
    expect((await send({ type: "otlp", endpoint: url })).stats).toMatchObject({ delivered: 2, retries: 1 });
    expect(received).toHaveLength(2);
  });

  it("an answer that never ends is cut off", async () => {
    const { url } = await backend((response, attempt) => {
      if (attempt > 1) response.end();
      else for (let i = 0; i < 5; i++) response.write(Buffer.alloc(1 << 20));
    });
    expect((await send({ type: "otlp", endpoint: url })).stats).toMatchObject({ delivered: 2, retries: 1 });
  });
});
