import type { JaegerSpan, JaegerTag, JaegerValue } from "../../src/codec/jaeger/model.ts";
import { writeBatch } from "../../src/codec/jaeger/thrift-batch.ts";
import { BinaryWriter } from "../../src/codec/thrift/binary.ts";
import { anyValueText, type KeyValue } from "../../src/model/any-value.ts";
import { hexToBytes } from "../../src/model/ids.ts";
import { type Scope, SPAN_KIND_NAMES, type Span, STATUS_CODE, type TracesData } from "../../src/model/span.ts";
import { findPlaces } from "./body-places.ts";
import type { LoadRequest } from "./per-service-set.ts";

/** As OpenTelemetry's exporters of thrift over HTTP wrote it: one process, typed tags. */
export function jaegerThrift(traces: TracesData, count: number): LoadRequest {
  const out = new BinaryWriter();
  for (const { resource, scopeSpans } of traces) {
    const name = resource.attributes.find(({ key }) => key === "service.name");
    const tags = resource.attributes.filter(({ key }) => key !== "service.name").map(tag);
    const spans = scopeSpans.flatMap(({ scope, spans: list }) => list.map((span) => jaegerSpan(span, scope)));
    writeBatch(out, { process: { serviceName: name === undefined ? "" : anyValueText(name.value), tags }, spans });
  }
  const body = Buffer.from(out.finish());
  const { ids, times } = findPlaces(body, traces, {
    // The lower half of a trace id comes first.
    traceId: (hex) => hexToBytes(hex.slice(16)) as Uint8Array,
    spanId: (hex) => hexToBytes(hex) as Uint8Array,
    start: (micros) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64BE(micros);
      return bytes;
    },
  });
  const renew = (pass: number) => {
    for (const at of ids) body.writeUInt32LE(pass, at);
    for (const at of times) body.writeBigInt64BE(body.readBigInt64BE(at) + 40_000n, at);
  };
  return { body, spans: count, traceIds: [], spanIds: [], times: [], renew };
}

function jaegerSpan(span: Span, scope: Scope): JaegerSpan {
  const { traceId, parentSpanId, status } = span;
  const text = (key: string, value: string): JaegerTag => ({ key, value: { type: "string", value } });
  const error: JaegerTag[] =
    status.code === STATUS_CODE.error
      ? [text("otel.status_code", "ERROR"), { key: "error", value: { type: "bool", value: true } }]
      : [];
  return {
    traceId,
    spanId: span.spanId,
    operationName: span.name,
    references: parentSpanId === "" ? [] : [{ type: "child_of", traceId, spanId: parentSpanId }],
    flags: 1,
    startTimeUnixNano: span.startTimeUnixNano,
    durationNano: span.endTimeUnixNano - span.startTimeUnixNano,
    tags: [
      ...span.attributes.map(tag),
      text("span.kind", SPAN_KIND_NAMES[span.kind] as string),
      text("otel.scope.name", scope.name),
      text("otel.scope.version", scope.version),
      ...error,
    ],
    logs: [],
  };
}

/** The load has no values that Jaeger has no type for. */
function tag({ key, value }: KeyValue): JaegerTag {
  return { key, value: value as JaegerValue };
}
