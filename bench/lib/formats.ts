import { decodeTraces } from "../../src/codec/otlp/message/decode.ts";
import { jaegerThrift } from "./jaeger-body.ts";
import type { LoadRequest } from "./per-service-set.ts";
import { zipkinJson, zipkinProtobuf } from "./zipkin-body.ts";

export const FORMATS = ["otlp", "zipkin-json", "zipkin-proto", "jaeger-thrift"] as const;
export type Format = (typeof FORMATS)[number];

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  otlp: "application/x-protobuf",
  "zipkin-json": "application/json",
  "zipkin-proto": "application/x-protobuf",
  "jaeger-thrift": "application/vnd.apache.thrift.binary",
};

/** The spans of an OTLP request in another format. */
export function inFormat(format: Format, request: LoadRequest): LoadRequest {
  if (format === "otlp") return request;
  const traces = decodeTraces(request.body);
  if (format === "jaeger-thrift") return jaegerThrift(traces, request.spans);
  return format === "zipkin-json" ? zipkinJson(traces, request.spans) : zipkinProtobuf(traces, request.spans);
}
