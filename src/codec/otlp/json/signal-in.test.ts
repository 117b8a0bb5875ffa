import {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
} from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import {
  AggregationTemporality,
  AggregationType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { describe, expect, it } from "vitest";
import { DecodeError } from "../../decode-error.ts";
import { MessageType } from "../../rpc/definitions.ts";
import { signalFromJson } from "./signal-in.ts";

const decoded = {
  logs: new MessageType<{ resourceLogs: unknown[] }>(
    "opentelemetry/proto/collector/logs/v1/logs_service.proto",
    "opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest",
  ),
  metrics: new MessageType<{ resourceMetrics: unknown[] }>(
    "opentelemetry/proto/collector/metrics/v1/metrics_service.proto",
    "opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest",
  ),
};
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const resource = resourceFromAttributes({ "service.name": "shop", "list.mixed": ["a", "b"], ratio: 0.5, count: 7 });

async function metricsOfEveryKind() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e9, exportTimeoutMillis: 1e8 });
  const provider = new MeterProvider({
    resource,
    readers: [reader],
    views: [
      { instrumentName: "exponential", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } },
      {
        instrumentName: "explicit",
        aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: [0, 1.5] } },
      },
    ],
  });
  const meter = provider.getMeter("scope", "1.0");
  meter.createCounter("sum", { unit: "1", description: "of all" }).add(3, { key: "a" });
  meter.createUpDownCounter("zero").add(0);
  meter.createGauge("gauge").record(-1.25);
  for (const name of ["exponential", "explicit"]) {
    for (const value of [0, 1, 2.5, 1e9]) meter.createHistogram(name).record(value);
  }
  await provider.forceFlush();
  const [metrics] = exporter.getMetrics();
  await provider.shutdown();
  return metrics!;
}

function logsOfEveryKind() {
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter })] });
  const logger = provider.getLogger("scope", "1.0");
  logger.emit({
    severityNumber: 17,
    severityText: "ERROR",
    body: { nested: [1, "two", false, { three: 3.5 }] },
    eventName: "an.event",
    timestamp: 1_700_000_000_123,
    attributes: { empty: "", zero: 0, negative: -5, big: 2 ** 40 },
  });
  logger.emit({ body: "a line" });
  return exporter.getFinishedLogRecords();
}

describe("OTLP/JSON of the OpenTelemetry SDK becomes what it writes as protobuf", () => {
  it("for metrics of every kind", async () => {
    const metrics = await metricsOfEveryKind();
    const written = signalFromJson("metrics", JsonMetricsSerializer.serializeRequest(metrics) as Uint8Array);
    const wanted = decoded.metrics.decode(ProtobufMetricsSerializer.serializeRequest(metrics) as Uint8Array);
    expect(wanted.resourceMetrics).toHaveLength(1);
    expect(decoded.metrics.decode(written)).toEqual(wanted);
  });

  it("for logs", () => {
    const logs = logsOfEveryKind();
    const written = signalFromJson("logs", JsonLogsSerializer.serializeRequest(logs) as Uint8Array);
    const wanted = decoded.logs.decode(ProtobufLogsSerializer.serializeRequest(logs) as Uint8Array);
    expect(wanted.resourceLogs).toHaveLength(1);
    expect(decoded.logs.decode(written)).toEqual(wanted);
  });
});

const record = (fields: object) => json({ resourceLogs: [{ scopeLogs: [{ logRecords: [fields] }] }] });
const recordBytes = (fields: object) => Buffer.from(signalFromJson("logs", record(fields))).toString("hex");
const point = (fields: object) =>
  json({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ gauge: { dataPoints: [fields] } }] }] }] });

describe("single values", () => {
  it.each([
    [
      "ids in hex",
      { traceId: "0AF7651916CD43DD8448EB211C80319C", spanId: "b7ad6b7169203331" },
      "4a100af7651916cd43dd8448eb211c80319c5208b7ad6b7169203331",
    ],
    ["names in snake_case", { severity_text: "x", time_unix_nano: "1" }, "0901000000000000001a0178"],
    ["an enum by its name", { severityNumber: "SEVERITY_NUMBER_WARN" }, "100d"],
    ["an int64 as text beyond 2^53", { body: { intValue: "9007199254740993" } }, "2a09188180808080808010"],
    ["no fields that nobody knows", { unknown: { a: 1 }, severityNumber: 1 }, "1001"],
    ["an integer that is none as a double", { body: { intValue: 1e300 } }, "2a09219c7500883ce4377e"],
    ["null as nothing", { body: { doubleValue: null }, attributes: [] }, "2a00"],
    ["a lone surrogate as U+FFFD", { severityText: "\ud800" }, "1a03efbfbd"],
    ["bytes in base64", { body: { bytesValue: "AQI=" } }, "2a043a020102"],
    ["a Long", { body: { intValue: { low: -1, high: 0 } } }, "2a0618ffffffff0f"],
  ])("%s", (_what, fields, wanted) => {
    expect(recordBytes(fields).slice(-wanted.length)).toBe(wanted);
  });

  it("keeps a bare integer beyond 2^53, and a point that is zero", () => {
    const bare = Buffer.from(String(point({ asInt: 1 })).replace('"asInt":1', '"asInt":9007199254740993'));
    expect(Buffer.from(signalFromJson("metrics", bare)).toString("hex")).toContain("310100000000002000");
    expect(Buffer.from(signalFromJson("metrics", point({ asInt: 0 }))).toString("hex")).toContain("310000000000000000");
    const nan = Buffer.from(signalFromJson("metrics", point({ asDouble: "NaN" }))).toString("hex");
    expect(nan).toMatch(/21000000000000f87f$/);
  });

  it.each([
    ["no JSON", Buffer.from("{"), "cannot be read as JSON"],
    ["no object", json([]), "the document: expected an object, found a list"],
    ["no list", json({ resourceLogs: {} }), "resourceLogs: expected a list, found an object"],
    [
      "no id",
      record({ traceId: "xyz" }),
      'resourceLogs[0].scopeLogs[0].logRecords[0].traceId: expected hex digits, found "xyz"',
    ],
    ["no time", record({ timeUnixNano: -1 }), "timeUnixNano: expected an integer from 0"],
    ["no text", record({ severityText: {} }), "severityText: expected a text"],
    ["no bool", record({ body: { boolValue: 1 } }), "body.boolValue: expected true or false"],
    ["no number", record({ severityNumber: "LOUD" }), "severityNumber: expected an integer"],
  ])("says of %s where it stands", (_what, body, words) => {
    expect(() => signalFromJson("logs", body)).toThrow(DecodeError);
    expect(() => signalFromJson("logs", body)).toThrow(words);
  });

  it("refuses values that lie too deep, however deep they are", () => {
    const depth = 50_000;
    const open = '{"arrayValue":{"values":['.repeat(depth);
    const body = Buffer.from(
      `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${open}${"]}}".repeat(depth)}}]}]}]}`,
    );
    expect(() => signalFromJson("logs", body)).toThrow(DecodeError);
    const less = Buffer.from(
      String(body).replace(open, '{"arrayValue":{"values":['.repeat(90)).replace("]}}".repeat(depth), "]}}".repeat(90)),
    );
    expect(() => signalFromJson("logs", less)).toThrow("more than 100 messages inside each other");
  });
});
