// Loaded with --require: the official SDK with automatic instrumentation, exporting by EXPORT_PROTOCOL to the collector
// and, beside it, writing what the SDK itself says of every span to SPAN_FILE, one JSON object a line.
const { appendFileSync } = require("node:fs");
const { NodeSDK, tracing } = require("@opentelemetry/sdk-node");
const { getNodeAutoInstrumentations } = require("@opentelemetry/auto-instrumentations-node");

const exporters = {
  "http/protobuf": () => new (require("@opentelemetry/exporter-trace-otlp-proto").OTLPTraceExporter)(),
  "http/json": () => new (require("@opentelemetry/exporter-trace-otlp-http").OTLPTraceExporter)(),
  grpc: () => new (require("@opentelemetry/exporter-trace-otlp-grpc").OTLPTraceExporter)(),
};

const witness = {
  export(spans, done) {
    for (const span of spans) {
      const context = span.spanContext();
      appendFileSync(
        process.env.SPAN_FILE,
        `${JSON.stringify({
          traceId: context.traceId,
          spanId: context.spanId,
          parentSpanId: span.parentSpanContext?.spanId ?? "",
          name: span.name,
          kind: span.kind,
          status: span.status,
          attributes: span.attributes,
          events: span.events.map(({ name, attributes }) => ({ name, attributes: attributes ?? {} })),
          links: span.links.map((link) => ({ traceId: link.context.traceId, spanId: link.context.spanId })),
          resource: span.resource.attributes,
          scope: span.instrumentationScope.name,
        })}\n`,
      );
    }
    done({ code: 0 });
  },
  shutdown: async () => {},
};

const sdk = new NodeSDK({
  spanProcessors: [
    new tracing.SimpleSpanProcessor(witness),
    new tracing.BatchSpanProcessor(exporters[process.env.EXPORT_PROTOCOL](), { scheduledDelayMillis: 100 }),
  ],
  instrumentations: [
    getNodeAutoInstrumentations({
      "@opentelemetry/instrumentation-fs": { enabled: false },
      "@opentelemetry/instrumentation-dns": { enabled: false },
      "@opentelemetry/instrumentation-net": { enabled: false },
    }),
  ],
});
sdk.start();

process.on("message", async (message) => {
  if (message !== "stop") return;
  await sdk.shutdown();
  process.exit(0);
});
