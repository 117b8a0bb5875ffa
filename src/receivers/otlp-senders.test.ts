import { readdirSync, readFileSync } from "node:fs";
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BasicTracerProvider, SimpleSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EXPORT_PATH, grpcCall, grpcClient, type ReceiverRig, startReceiver } from "../../test/support/receiver-rig.ts";

const RAW = new URL("../../test/fixtures/raw/", import.meta.url);

let rig: ReceiverRig;
beforeAll(async () => {
  rig = await startReceiver();
});
afterAll(() => rig.close());
beforeEach(() => {
  rig.sink.batches.length = 0;
});

describe("recorded requests arrive byte for byte", () => {
  const files = readdirSync(RAW, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(bin|gz)$/.test(file))
    .sort();

  it("there are recordings of every transport", () => {
    expect(new Set(files.map((file) => file.replace(/^.*?\d\./, "")))).toEqual(
      new Set(
        ["grpc.bin", "grpc.gz", "http-json.bin", "http-pb.bin", "http-pb.gz"].filter((kind) =>
          files.some((f) => f.endsWith(kind)),
        ),
      ),
    );
    expect(files.length).toBeGreaterThan(40);
  });

  it.each(files.filter((file) => file.includes(".http-")))("%s", async (file) => {
    const body = readFileSync(new URL(file, RAW));
    const type = file.includes("http-json") ? "application/json" : "application/x-protobuf";
    const encoding = file.endsWith(".gz") ? { "content-encoding": "gzip" } : {};
    const response = await fetch(`${rig.http}/v1/traces`, {
      method: "POST",
      body,
      headers: { "content-type": type, ...encoding },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(type);
    const [batch] = rig.sink.batches;
    expect(batch?.encoding).toBe(file.endsWith(".gz") ? "gzip" : "identity");
    expect(Buffer.compare(batch?.bytes as Uint8Array, body)).toBe(0);
  });

  it("over gRPC", async () => {
    const client = grpcClient(rig.grpc);
    for (const file of files.filter((name) => name.endsWith("grpc.bin"))) {
      const body = readFileSync(new URL(file, RAW));
      expect((await grpcCall(client, EXPORT_PATH, body)).error, file).toBeUndefined();
      expect(Buffer.compare(rig.sink.batches.at(-1)?.bytes as Uint8Array, body), file).toBe(0);
    }
    client.close();
  });
});

describe("OpenTelemetry's own exporters", () => {
  const exporters: [string, () => SpanExporter, string][] = [
    ["otlp-http (JSON)", () => new JsonExporter({ url: `${rig.http}/v1/traces` }), "otlp_json"],
    ["otlp-proto", () => new ProtoExporter({ url: `${rig.http}/v1/traces` }), "otlp_protobuf"],
    ["otlp-grpc", () => new GrpcExporter({ url: `http://${rig.grpc}` }), "otlp_protobuf"],
  ];

  it.each(exporters)("%s", async (_name, make, format) => {
    const exporter = make();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const span = provider.getTracer("t").startSpan("pay ünïcode", { kind: SpanKind.SERVER, attributes: { a: 1 } });
    span.setStatus({ code: SpanStatusCode.ERROR, message: "no" });
    span.end();
    await provider.forceFlush();
    await provider.shutdown();
    expect(trace.isSpanContextValid(span.spanContext())).toBe(true);
    expect(rig.sink.batches).toHaveLength(1);
    expect(rig.sink.batches[0]?.format).toBe(format);
    expect(Buffer.from(rig.sink.batches[0]?.bytes as Uint8Array).includes("pay ünïcode")).toBe(true);
  });
});
