import { gzipSync } from "node:zlib";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BasicTracerProvider, SimpleSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeTraces } from "../../src/codec/otlp/message/decode.ts";
import { decodeExportResponse } from "../../src/codec/otlp/message/export-response.ts";
import { decodeRpcStatus } from "../../src/codec/rpc/status.ts";
import { Metrics } from "../../src/component/metrics.ts";
import type { Span } from "../../src/model/span.ts";
import { HeadSampler } from "../../src/processors/head-sampling/head-sampler.ts";
import { samplingConfig } from "../../src/processors/head-sampling/sampling-config.ts";
import { Normalizer } from "../../src/processors/normalize/normalize.ts";
import { normalizeConfig } from "../../src/processors/normalize/normalize-config.ts";
import { inflateBody } from "../../src/server/inflate.ts";
import { EXPORT_PATH, grpcCall, grpcClient, type ReceiverRig, startReceiver } from "../support/receiver-rig.ts";

const PROTO = "application/x-protobuf";
const JSON_TYPE = "application/json";
const GOOD = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", name: "good" };
const withSpans = (...spans: object[]): string => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

let rig: ReceiverRig;
let stored: Span[];
beforeEach(async () => {
  stored = [];
  rig = await startReceiver({ http: { max_request_body_size: 1 << 20 }, grpc: { max_recv_msg_size_mib: 1 } });
  const metrics = new Metrics();
  const normalizer = new Normalizer(normalizeConfig.parse({}), metrics);
  const sampler = new HeadSampler(samplingConfig.parse({ rules: [{ operation: "noise", never: true }] }), {
    metrics,
    now: () => 0,
  });
  rig.sink.answer = ({ bytes, encoding, maxBytes, format }) => {
    const { body, scan, rejected, message } = normalizer.normalize(format, inflateBody(bytes, encoding, maxBytes));
    const { keep } = sampler.sample(scan, body);
    const spans = decodeTraces(body).flatMap((entry) => entry.scopeSpans.flatMap((scope) => scope.spans));
    stored.push(...(keep === undefined ? spans : [...keep].map((row) => spans[row] as Span)));
    return { accepted: scan.columns.count, rejected, message };
  };
});
afterEach(() => rig.close());

const post = (body: Uint8Array | string, headers: Record<string, string>) =>
  fetch(`${rig.http}/v1/traces`, { method: "POST", body, headers });

describe("from the wire through inflating, normalising and sampling", () => {
  it("a bomb is 413 with a Status and takes no memory with it", async () => {
    const bomb = gzipSync(new Uint8Array(200 << 20));
    const response = await post(bomb, { "content-type": PROTO, "content-encoding": "gzip" });
    expect(response.status).toBe(413);
    const status = decodeRpcStatus(new Uint8Array(await response.arrayBuffer()));
    expect(status).toMatchObject({ code: 8, message: expect.stringContaining("1048576 bytes once decompressed") });
    expect(rig.inFlight.usedBytes).toBe(0);
  });

  it.each([
    ["protobuf", "not protobuf", { "content-type": PROTO }],
    ["JSON", '{"resourceSpans":[{]}', { "content-type": JSON_TYPE }],
    ["gzip", "not gzip at all, not at all", { "content-type": JSON_TYPE, "content-encoding": "gzip" }],
  ])("malformed %s is 400 and names the fault", async (_name, body, headers) => {
    const response = await post(body, headers as Record<string, string>);
    expect(response.status).toBe(400);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const status =
      headers["content-type"] === JSON_TYPE ? JSON.parse(Buffer.from(bytes).toString()) : decodeRpcStatus(bytes);
    expect(status.code).toBe(3);
    expect(status.message).toMatch(/^(not readable as OTLP|the body is not valid gzip)/);
    expect(stored).toEqual([]);
  });

  it("malformed protobuf is INVALID_ARGUMENT over gRPC", async () => {
    const client = grpcClient(rig.grpc);
    const { error } = await grpcCall(client, EXPORT_PATH, Uint8Array.of(10, 200));
    client.close();
    expect(error).toMatchObject({ code: 3, details: expect.stringContaining("not readable as OTLP protobuf") });
  });

  it("unusable spans make a partial success and the others are taken", async () => {
    const response = await post(withSpans(GOOD, { ...GOOD, traceId: "0".repeat(32) }), { "content-type": JSON_TYPE });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      partialSuccess: {
        rejectedSpans: "1",
        errorMessage: expect.stringMatching(/^1 span refused: trace id is all zero \(1\); .*spans\[1\]\.traceId/),
      },
    });
    expect(stored.map((span) => span.name)).toEqual(["good"]);
  });

  it("what sampling drops counts as taken", async () => {
    const response = await post(withSpans(GOOD, { ...GOOD, name: "noise" }), { "content-type": JSON_TYPE });
    expect(await response.json()).toEqual({});
    expect(stored.map((span) => span.name)).toEqual(["good"]);
    expect(rig.count("spanloom_receiver_accepted_spans_total")).toBe(2);
  });

  it("an empty request succeeds in every form", async () => {
    for (const [type, body] of [
      [PROTO, new Uint8Array(0)],
      [JSON_TYPE, "{}"],
      [JSON_TYPE, '{"resourceSpans":[]}'],
    ] as const) {
      const response = await post(body, { "content-type": type });
      expect(response.status).toBe(200);
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (type === PROTO) expect(decodeExportResponse(bytes)).toBeUndefined();
      else expect(Buffer.from(bytes).toString()).toBe("{}");
    }
  });
});

describe("OpenTelemetry's own exporters", () => {
  const exporters: [string, () => SpanExporter][] = [
    ["JSON over HTTP", () => new JsonExporter({ url: `${rig.http}/v1/traces` })],
    ["protobuf over HTTP", () => new ProtoExporter({ url: `${rig.http}/v1/traces` })],
    ["gRPC", () => new GrpcExporter({ url: `http://${rig.grpc}` })],
  ];

  it.each(exporters)("deliver the same span by %s", async (_name, make) => {
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(make())] });
    const span = provider.getTracer("t").startSpan("pay", {
      kind: SpanKind.CLIENT,
      attributes: { text: "ünï", int: 7, double: 0.5, list: ["a", "b"], yes: true },
    });
    span.addEvent("retry", { n: 1 });
    span.setStatus({ code: SpanStatusCode.ERROR, message: "declined" });
    span.end();
    await provider.forceFlush();
    await provider.shutdown();
    const { traceId, spanId } = span.spanContext();
    expect(stored).toHaveLength(1);
    expect(stored[0]).toMatchObject({
      traceId,
      spanId,
      name: "pay",
      kind: 3,
      status: { code: 2, message: "declined" },
      attributes: [
        { key: "text", value: { type: "string", value: "ünï" } },
        { key: "int", value: { type: "int", value: 7n } },
        { key: "double", value: { type: "double", value: 0.5 } },
        { key: "list", value: { type: "array" } },
        { key: "yes", value: { type: "bool", value: true } },
      ],
      events: [{ name: "retry", attributes: [{ key: "n", value: { type: "int", value: 1n } }] }],
    });
  });
});
