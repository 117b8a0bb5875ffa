import { JaegerThrift } from "../../src/codec/jaeger/jaeger-thrift.ts";
import { MappedBatch, type SpanSource } from "../../src/codec/mapping/mapped-batch.ts";
import { SpanBatch } from "../../src/codec/mapping/span-batch.ts";
import { decodeTraces } from "../../src/codec/otlp/message/decode.ts";
import { Refusals } from "../../src/codec/otlp/message/refusals.ts";
import { DEFAULT_SPAN_LIMITS, type SpanLimits } from "../../src/codec/otlp/message/span-limits.ts";
import { ZipkinJson } from "../../src/codec/zipkin/zipkin-json.ts";
import { ZipkinProtobuf } from "../../src/codec/zipkin/zipkin-protobuf.ts";
import type { TracesData } from "../../src/model/span.ts";

export interface MappedSpans {
  readonly traces: TracesData;
  /** Bits of SPAN_MARK for each span. */
  readonly marks: readonly number[];
  readonly rejected: number;
  readonly message: string;
}

const SOURCES = {
  zipkin_json: (bytes: Uint8Array, limits: SpanLimits) => new ZipkinJson(bytes, limits),
  zipkin_protobuf: (bytes: Uint8Array, limits: SpanLimits) => new ZipkinProtobuf(bytes, limits),
  jaeger_thrift: (bytes: Uint8Array, limits: SpanLimits) => new JaegerThrift(bytes, limits, "binary"),
  jaeger_thrift_compact: (bytes: Uint8Array, limits: SpanLimits) => new JaegerThrift(bytes, limits, "compact"),
} satisfies Record<string, (bytes: Uint8Array, limits: SpanLimits) => SpanSource>;
export type MappedFormat = keyof typeof SOURCES;

/** A request of another format as the ingest thread reads it, all of it at once. */
export function readMapped(format: MappedFormat, bytes: Uint8Array, limits = DEFAULT_SPAN_LIMITS): MappedSpans {
  const refusals = new Refusals();
  const { body, given } = new MappedBatch(SOURCES[format](bytes, limits), refusals).whole();
  return { traces: decodeTraces(body), marks: [...given], rejected: refusals.count, message: refusals.message };
}

/** The spans of requests, none of which may be refused, before they become bytes. */
export function mappedTraces(format: MappedFormat, ...bodies: readonly Uint8Array[]): TracesData {
  const refusals = new Refusals();
  const batch = new SpanBatch(refusals);
  for (const body of bodies) {
    const source = SOURCES[format](body, DEFAULT_SPAN_LIMITS);
    while (source.next(batch));
  }
  if (refusals.count > 0) throw new Error(refusals.message);
  return batch.traces();
}

export const zipkinTraces = (body: Uint8Array): TracesData => mappedTraces("zipkin_json", body);
export const jaegerTraces = (...bodies: readonly Uint8Array[]): TracesData => mappedTraces("jaeger_thrift", ...bodies);
