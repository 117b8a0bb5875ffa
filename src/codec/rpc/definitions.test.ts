import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { assertDefinitions, MessageType } from "./definitions.ts";
import { HEALTH_CHECK_PATH, healthResponse, SERVING_STATUS } from "./health.ts";

const PROTO = fileURLToPath(new URL("../../../proto/", import.meta.url));
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => (target.startsWith("google/protobuf/") ? target : PROTO + target);
root.loadSync(readdirSync(PROTO, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".proto")));

/** `number type name` of every field, by number; `*` for repeated ones. */
function fieldsOf(name: string): string[] {
  return root
    .lookupType(name)
    .fieldsArray.map((field) => `${field.id} ${field.type.split(".").pop()}${field.repeated ? "*" : ""} ${field.name}`)
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

/** As the standards have them: googleapis, grpc-proto, opentelemetry-proto. */
const STANDARD: Readonly<Record<string, readonly string[]>> = {
  "google.rpc.Status": ["1 int32 code", "2 string message", "3 Any* details"],
  "google.rpc.RetryInfo": ["1 Duration retryDelay"],
  "google.protobuf.Any": ["1 string type_url", "2 bytes value"],
  "google.protobuf.Duration": ["1 int64 seconds", "2 int32 nanos"],
  "grpc.health.v1.HealthCheckRequest": ["1 string service"],
  "grpc.health.v1.HealthCheckResponse": ["1 ServingStatus status"],
  "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest": ["1 ResourceSpans* resourceSpans"],
  "opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse": ["1 ExportTracePartialSuccess partialSuccess"],
  "opentelemetry.proto.collector.trace.v1.ExportTracePartialSuccess": [
    "1 int64 rejectedSpans",
    "2 string errorMessage",
  ],
  "opentelemetry.proto.common.v1.EntityRef": [
    "1 string schemaUrl",
    "2 string type",
    "3 string* idKeys",
    "4 string* descriptionKeys",
  ],
  "opentelemetry.proto.resource.v1.Resource": [
    "1 KeyValue* attributes",
    "2 uint32 droppedAttributesCount",
    "3 EntityRef* entityRefs",
  ],
  "opentelemetry.proto.trace.v1.ResourceSpans": [
    "1 Resource resource",
    "2 ScopeSpans* scopeSpans",
    "3 string schemaUrl",
  ],
  "opentelemetry.proto.trace.v1.ScopeSpans": ["1 InstrumentationScope scope", "2 Span* spans", "3 string schemaUrl"],
  "opentelemetry.proto.trace.v1.Status": ["2 string message", "3 StatusCode code"],
  "opentelemetry.proto.trace.v1.Span": [
    "1 bytes traceId",
    "2 bytes spanId",
    "3 string traceState",
    "4 bytes parentSpanId",
    "5 string name",
    "6 SpanKind kind",
    "7 fixed64 startTimeUnixNano",
    "8 fixed64 endTimeUnixNano",
    "9 KeyValue* attributes",
    "10 uint32 droppedAttributesCount",
    "11 Event* events",
    "12 uint32 droppedEventsCount",
    "13 Link* links",
    "14 uint32 droppedLinksCount",
    "15 Status status",
    "16 fixed32 flags",
  ],
};

describe("the definitions in proto/", () => {
  it.each(Object.entries(STANDARD))("%s has the standard's numbers, types and names", (name, fields) => {
    expect(fieldsOf(name)).toEqual(fields);
  });

  it("have the values and the path of the health service", () => {
    const { values } = root.lookupEnum("grpc.health.v1.HealthCheckResponse.ServingStatus");
    expect(Object.fromEntries(Object.entries(values).map(([name, value]) => [name.toLowerCase(), value]))).toEqual(
      SERVING_STATUS,
    );
    const [service, method] = HEALTH_CHECK_PATH.slice(1).split("/") as [string, string];
    expect(Object.keys(root.lookupService(service).methods)).toEqual([method]);
  });
});

describe("MessageType", () => {
  it("reads numbers for enums, those of later versions too, and defaults for what is absent", () => {
    expect(healthResponse.decode(Uint8Array.of(8, 2))).toEqual({ status: SERVING_STATUS.not_serving });
    expect(healthResponse.decode(Uint8Array.of(8, 9))).toEqual({ status: 9 });
    expect(healthResponse.decode(Uint8Array.of())).toEqual({ status: 0 });
    expect([...healthResponse.encode({ status: 9 })]).toEqual([8, 9]);
    expect([...healthResponse.encode({ status: 0 })]).toEqual([]);
  });

  it("names the message that the bytes are not", () => {
    expect(() => healthResponse.decode(Uint8Array.of(8))).toThrow(/^not a grpc\.health\.v1\.HealthCheckResponse: /);
  });

  it("says which file is missing, and what it needs", () => {
    assertDefinitions();
    const missing = new MessageType("google/rpc/no_such.proto", "google.rpc.NoSuch");
    expect(() => missing.encode({})).toThrow(`${PROTO}google/rpc/no_such.proto is missing`);
    expect(() => missing.decode(new Uint8Array(0))).toThrow("needs the folder proto beside dist");
  });
});
