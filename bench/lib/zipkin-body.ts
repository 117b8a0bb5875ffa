import { WireWriter } from "../../src/codec/otlp/wire/wire-writer.ts";
import { anyValueText } from "../../src/model/any-value.ts";
import { hexToBytes } from "../../src/model/ids.ts";
import type { Span, TracesData } from "../../src/model/span.ts";
import { findPlaces } from "./body-places.ts";
import type { LoadRequest } from "./per-service-set.ts";

const KINDS = [undefined, undefined, "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
/** Of zipkin.proto3, by kind. */
const KIND_NUMBERS = [0, 0, 2, 1, 3, 4];

/** Zipkin v2 JSON: attributes as tags, the service as the local endpoint. */
export function zipkinJson(traces: TracesData, count: number): LoadRequest {
  const spans = withServices(traces).map(({ span, service }) => ({
    traceId: span.traceId,
    id: span.spanId,
    ...(span.parentSpanId === "" ? {} : { parentId: span.parentSpanId }),
    name: span.name,
    kind: KINDS[span.kind],
    timestamp: Number(micros(span.startTimeUnixNano)),
    duration: Number(micros(span.endTimeUnixNano - span.startTimeUnixNano)),
    localEndpoint: { serviceName: service },
    tags: Object.fromEntries(span.attributes.map(({ key, value }) => [key, anyValueText(value)])),
  }));
  const body = Buffer.from(JSON.stringify(spans));
  const { ids, times } = findPlaces(body, traces, { traceId: String, spanId: String, start: String });
  const renew = (pass: number) => {
    const digits = pass.toString(16).padStart(8, "0");
    for (const at of ids) body.write(digits, at, "latin1");
    for (const at of times) {
      body.write(String(Number(body.toString("latin1", at, at + 16)) + 40_000), at, "latin1");
    }
  };
  return { body, spans: count, traceIds: [], spanIds: [], times: [], renew };
}

/** zipkin.proto3's ListOfSpans with the same. */
export function zipkinProtobuf(traces: TracesData, count: number): LoadRequest {
  const out = new WireWriter(1 << 16);
  for (const { span, service } of withServices(traces)) writeSpan(out, span, service);
  const body = Buffer.from(out.finish());
  const bytes = (hex: string) => hexToBytes(hex) as Uint8Array;
  const { ids, times } = findPlaces(body, traces, {
    traceId: bytes,
    spanId: bytes,
    start: (at) => {
      const found = Buffer.alloc(8);
      found.writeBigUInt64LE(at);
      return found;
    },
  });
  const renew = (pass: number) => {
    for (const at of ids) body.writeUInt32LE(pass, at);
    for (const at of times) body.writeBigUInt64LE(body.readBigUInt64LE(at) + 40_000n, at);
  };
  return { body, spans: count, traceIds: [], spanIds: [], times: [], renew };
}

/** Span: trace_id 1, parent_id 2, id 3, kind 4, name 5, timestamp 6, duration 7, local_endpoint 8, tags 11. */
function writeSpan(out: WireWriter, span: Span, service: string): void {
  const at = out.open(0x0a);
  out.blob(0x0a, hexToBytes(span.traceId) as Uint8Array);
  if (span.parentSpanId !== "") out.blob(0x12, hexToBytes(span.parentSpanId) as Uint8Array);
  out.blob(0x1a, hexToBytes(span.spanId) as Uint8Array);
  out.tag(0x20);
  out.varint(KIND_NUMBERS[span.kind] as number);
  out.text(0x2a, span.name);
  out.tag(0x31);
  out.fixed64(micros(span.startTimeUnixNano));
  out.tag(0x38);
  out.int64(micros(span.endTimeUnixNano - span.startTimeUnixNano));
  const endpoint = out.open(0x42);
  out.text(0x0a, service);
  out.close(endpoint);
  for (const { key, value } of span.attributes) {
    const entry = out.open(0x5a);
    out.text(0x0a, key);
    out.text(0x12, anyValueText(value));
    out.close(entry);
  }
  out.close(at);
}

function withServices(traces: TracesData): { readonly span: Span; readonly service: string }[] {
  return traces.flatMap(({ resource, scopeSpans }) => {
    const name = resource.attributes.find(({ key }) => key === "service.name")?.value;
    const service = name === undefined ? "" : anyValueText(name);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ span, service })));
  });
}

function micros(nanos: bigint): bigint {
  return nanos / 1000n;
}
