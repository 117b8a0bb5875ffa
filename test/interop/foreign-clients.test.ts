import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestCollector, type TestCollector, type TestTrace } from "../../src/testing/testing.ts";
import { FOREIGN_RECEIVERS, foreignAddresses } from "../support/foreign-addresses.ts";
import { describeWhere } from "../support/requires.ts";
import { nodePackages, pythonPackages } from "./tools.ts";

// The collector runs in this process, so senders must not block it.
const run = promisify(execFile);

const folder = nodePackages("foreign-clients", [
  "zipkin@0.22.0",
  "zipkin-transport-http@0.22.0",
  "node-fetch@2",
  "jaeger-client@3.19.0",
  "@opentelemetry/api@1",
  "@opentelemetry/sdk-trace-base@2",
  "@opentelemetry/exporter-zipkin@2",
  "@opentelemetry/exporter-jaeger@2",
  "@opentelemetry/sampler-jaeger-remote@0.222.0",
]);
const python = pythonPackages("py-zipkin-protobuf", ["py-zipkin[protobuf]==1.2.8", "requests"]);

/** Clients send when it suits them; on a busy machine that is late. */
const ARRIVES_WITHIN_MS = 20_000;

const ZIPKIN_JS = `
const { Tracer, BatchRecorder, ExplicitContext, jsonEncoder, Annotation } = require("zipkin");
const { HttpLogger } = require("zipkin-transport-http");
const [, , url, version] = process.argv;
const logger = new HttpLogger({
  endpoint: url + "/api/" + version + "/spans",
  jsonEncoder: version === "v1" ? jsonEncoder.JSON_V1 : jsonEncoder.JSON_V2,
  httpInterval: 50,
});
const ctxImpl = new ExplicitContext();
const tracer = new Tracer({ ctxImpl, recorder: new BatchRecorder({ logger }), localServiceName: "zipkin-js-" + version });
tracer.scoped(() => {
  tracer.setId(tracer.createRootId());
  tracer.recordServiceName("zipkin-js-" + version);
  tracer.recordRpc("get /cart");
  tracer.recordAnnotation(new Annotation.ServerRecv());
  tracer.recordBinary("http.path", "/cart");
  tracer.scoped(() => {
    tracer.setId(tracer.createChildId());
    tracer.recordServiceName("zipkin-js-" + version);
    tracer.recordRpc("select");
    tracer.recordAnnotation(new Annotation.ClientSend());
    tracer.recordAnnotation(new Annotation.ServerAddr({ serviceName: "db" }));
    tracer.recordMessage("retried");
    tracer.recordBinary("error", "deadlock");
    tracer.recordAnnotation(new Annotation.ClientRecv());
  });
  tracer.recordAnnotation(new Annotation.ServerSend());
});
setTimeout(() => process.exit(0), 1_500);
`;

const JAEGER_JS = `
const { initTracer } = require("jaeger-client");
const tracer = initTracer(
  { serviceName: "jaeger-js", sampler: { type: "const", param: 1 }, reporter: { collectorEndpoint: process.argv[2] } },
  { tags: { region: "eu" } },
);
const root = tracer.startSpan("checkout", { tags: { "span.kind": "server" } });
const child = tracer.startSpan("pay", { childOf: root, tags: { "span.kind": "client", error: true, amount: 3.5 } });
child.log({ event: "declined", code: 91 });
child.finish();
root.finish();
tracer.close(() => process.exit(0));
`;

const OTEL = `
const { SpanKind, SpanStatusCode, trace, context } = require("@opentelemetry/api");
const { BasicTracerProvider, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-base");
const [, , kind, url] = process.argv;
const exporter =
  kind === "zipkin"
    ? new (require("@opentelemetry/exporter-zipkin").ZipkinExporter)({ url, serviceName: "otel-zipkin" })
    : new (require("@opentelemetry/exporter-jaeger").JaegerExporter)({ endpoint: url });
const provider = new BasicTracerProvider({
  resource: require("@opentelemetry/resources").resourceFromAttributes({ "service.name": "otel-" + kind }),
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});
const tracer = provider.getTracer("shop", "1.2");
const root = tracer.startSpan("checkout", { kind: SpanKind.SERVER });
const child = tracer.startSpan("pay", { kind: SpanKind.CLIENT }, trace.setSpan(context.active(), root));
child.setStatus({ code: SpanStatusCode.ERROR, message: "declined" });
child.addEvent("retry");
child.end();
root.end();
provider.forceFlush().then(() => provider.shutdown()).then(() => process.exit(0));
`;

const SAMPLER = `
const { JaegerRemoteSampler } = require("@opentelemetry/sampler-jaeger-remote");
const { AlwaysOffSampler } = require("@opentelemetry/sdk-trace-base");
const sampler = new JaegerRemoteSampler({
  endpoint: process.argv[2],
  serviceName: "shop",
  initialSampler: new AlwaysOffSampler(),
  poolingInterval: 100,
});
setInterval(() => {
  const text = sampler.toString();
  if (!text.includes("root=")) return;
  console.log(text);
  process.exit(0);
}, 50);
`;

const PY_ZIPKIN = `
import sys, requests
from py_zipkin.zipkin import zipkin_span, zipkin_client_span
from py_zipkin.encoding import Encoding
from py_zipkin import Kind
url, encoding = sys.argv[1], Encoding[sys.argv[2]]
kind = "application/x-protobuf" if encoding == Encoding.V2_PROTO3 else "application/json"
path = "/api/v1/spans" if encoding == Encoding.V1_JSON else "/api/v2/spans"
def transport(body):
    response = requests.post(url + path, data=body, headers={"content-type": kind})
    assert response.status_code == 202, response.text
with zipkin_span(service_name="py-" + sys.argv[2], span_name="cart", transport_handler=transport, sample_rate=100,
                 encoding=encoding, kind=Kind.SERVER, port=80, host="10.0.0.1"):
    with zipkin_client_span(service_name="py-" + sys.argv[2], span_name="select", binary_annotations={"sql": "SELECT 1"}) as inner:
        inner.add_annotation("retried")
`;

describeWhere(folder !== undefined, "npm cannot fetch the clients", "clients of Zipkin and Jaeger", () => {
  let collector: TestCollector;
  let addresses: Awaited<ReturnType<typeof foreignAddresses>>;
  const address = (title: string) => addresses[title] as string;
  const zipkin = (): string => new URL(address("Zipkin/HTTP")).origin;

  beforeAll(async () => {
    const sampling = { endpoint: "127.0.0.1:0" };
    const receivers = { ...FOREIGN_RECEIVERS, remote_sampling: { http: sampling, grpc: sampling } };
    collector = await createTestCollector({ config: { receivers } });
    addresses = await foreignAddresses(collector);
    const programs = { "zipkin.cjs": ZIPKIN_JS, "jaeger.cjs": JAEGER_JS, "otel.cjs": OTEL, "sampler.cjs": SAMPLER };
    for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder as string, name), text);
    if (python !== undefined) writeFileSync(join(folder as string, "py_zipkin_sender.py"), PY_ZIPKIN);
  });
  afterAll(() => collector?.close());

  /** The trace of a service once it has two spans: its root, and the child. */
  async function pair(service: string) {
    const isWhole = ({ root, spans }: TestTrace) => root?.service === service && spans.length === 2;
    const { root, spans } = await collector.waitForTrace(isWhole, ARRIVES_WITHIN_MS);
    expect(spans[1]?.parentSpanId).toBe(root?.spanId);
    return { root, child: spans[1] };
  }
  const node = (program: string, ...args: string[]) =>
    run(process.execPath, [join(folder as string, program), ...args], { timeout: 60_000 });

  it.each(["v1", "v2"])("zipkin-js sends %s", async (version) => {
    await node("zipkin.cjs", zipkin(), version);
    const { root, child } = await pair(`zipkin-js-${version}`);
    expect(root).toMatchObject({ name: "get /cart", kind: "server", attributes: { "http.path": "/cart" } });
    expect(child).toMatchObject({ name: "select", kind: "client", status: "error", statusMessage: "deadlock" });
    expect(child?.attributes["peer.service"]).toBe("db");
    expect(child?.events).toHaveLength(1);
  });

  it("jaeger-client posts Thrift", async () => {
    await node("jaeger.cjs", address("Jaeger/HTTP"));
    const { root, child } = await pair("jaeger-js");
    expect(root).toMatchObject({ name: "checkout", kind: "server" });
    expect(child).toMatchObject({ kind: "client", status: "error", attributes: { amount: 3.5 } });
    expect(child?.events).toHaveLength(1);
  });

  it.each(["zipkin", "jaeger"])("OpenTelemetry's %s exporter sends", async (kind) => {
    await node("otel.cjs", kind, address(kind === "zipkin" ? "Zipkin/HTTP" : "Jaeger/HTTP"));
    const { root, child } = await pair(`otel-${kind}`);
    expect(root).toMatchObject({ name: "checkout", kind: "server" });
    expect(child).toMatchObject({ kind: "client", status: "error", statusMessage: "declined" });
    expect(child?.events).toHaveLength(1);
  });

  it.each(python === undefined ? [] : ["V1_JSON", "V2_JSON", "V2_PROTO3"])("py_zipkin sends %s", async (encoding) => {
    await run(python as string, [join(folder as string, "py_zipkin_sender.py"), zipkin(), encoding]);
    const { root, child } = await pair(`py-${encoding}`);
    expect(root).toMatchObject({ name: "cart", kind: "server" });
    expect(child).toMatchObject({ name: "select", attributes: { sql: "SELECT 1" } });
    expect(child?.events).toHaveLength(1);
  });

  it("OpenTelemetry's Jaeger remote sampler takes its strategy", async () => {
    const endpoint = new URL(address("Jaeger sampling/HTTP")).origin;
    const { stdout } = await node("sampler.cjs", endpoint);
    expect(stdout).toContain("TraceIdRatioBased{1}");
  });
});
