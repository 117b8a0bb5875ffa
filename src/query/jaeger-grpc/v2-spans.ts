import type { JaegerProcess, JaegerSpan, JaegerTag } from "../../codec/jaeger/model.ts";
import { toJaegerBatches } from "../../codec/jaeger/to-jaeger.ts";
import { RESIDUE_KEY } from "../../codec/mapping/span-residue.ts";
import { hexToBytes } from "../../model/ids.ts";
import type { SpanRecord } from "../../model/span.ts";
import { secondsOf, type V2KeyValue, type V2Span } from "./messages.ts";

/** jaeger.api_v2.ValueType and the member that has the value. */
const TYPES = { string: 0, bool: 1, int: 2, double: 3, bytes: 4 } as const;

/** Records as spans of jaeger.api_v2, each with its process, without what is kept for the way back to OTLP. */
export function toV2Spans(records: readonly SpanRecord[]): V2Span[] {
  return toJaegerBatches(records, "nanoseconds").flatMap(({ process, spans }) => {
    const shared = processOf(process);
    return spans.map((span) => spanOf(span, shared));
  });
}

function spanOf(span: JaegerSpan, process: V2Span["process"]): V2Span {
  return {
    traceId: bytesOf(span.traceId),
    spanId: bytesOf(span.spanId),
    operationName: span.operationName,
    references: span.references.map(({ type, traceId, spanId }) => ({
      traceId: bytesOf(traceId),
      spanId: bytesOf(spanId),
      refType: type === "child_of" ? 0 : 1,
    })),
    flags: span.flags,
    startTime: secondsOf(span.startTimeUnixNano),
    duration: secondsOf(span.durationNano),
    tags: keyValues(span.tags),
    logs: span.logs.map(({ timeUnixNano, fields }) => ({
      timestamp: secondsOf(timeUnixNano),
      fields: keyValues(fields),
    })),
    process,
  };
}

function processOf({ serviceName, tags }: JaegerProcess): V2Span["process"] {
  return { serviceName, tags: keyValues(tags) };
}

function keyValues(tags: readonly JaegerTag[]): V2KeyValue[] {
  return tags.filter(({ key }) => key !== RESIDUE_KEY).map(keyValue);
}

function keyValue({ key, value }: JaegerTag): V2KeyValue {
  const vType = TYPES[value.type];
  switch (value.type) {
    case "string":
      return { key, vType, vStr: value.value.toWellFormed() };
    case "bool":
      return { key, vType, vBool: value.value };
    case "int":
      return { key, vType, vInt64: value.value.toString() };
    case "double":
      return { key, vType, vFloat64: value.value };
    case "bytes":
      return { key, vType, vBinary: value.value };
  }
}

function bytesOf(hex: string): Uint8Array {
  return hexToBytes(hex) as Uint8Array;
}
