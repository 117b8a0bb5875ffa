import { expect } from "vitest";
import { JaegerThrift } from "../../src/codec/jaeger/jaeger-thrift.ts";
import { jaegerKeyUse } from "../../src/codec/jaeger/key-use.ts";
import { MappedBatch, type SpanSource } from "../../src/codec/mapping/mapped-batch.ts";
import { MappingMemory } from "../../src/codec/mapping/mapping-memory.ts";
import type { KeyUse } from "../../src/codec/mapping/tag-keys.ts";
import { decodeTraces } from "../../src/codec/otlp/message/decode.ts";
import { Refusals } from "../../src/codec/otlp/message/refusals.ts";
import { DEFAULT_SPAN_LIMITS, type SpanLimits } from "../../src/codec/otlp/message/span-limits.ts";
import { zipkinKeyUse } from "../../src/codec/zipkin/key-use.ts";
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

type Limits = SpanLimits;
type Memory = MappingMemory | undefined;
const SOURCES = {
  zipkin_json: (bytes: Uint8Array, limits: Limits, memory: Memory) => new ZipkinJson(bytes, limits, memory),
  zipkin_protobuf: (bytes: Uint8Array, limits: Limits, memory: Memory) => new ZipkinProtobuf(bytes, limits, memory),
  jaeger_thrift: (bytes: Uint8Array, limits: Limits, memory: Memory) => {
    return new JaegerThrift(bytes, limits, "binary", memory);
  },
  jaeger_thrift_compact: (bytes: Uint8Array, limits: Limits) => new JaegerThrift(bytes, limits, "compact"),
} satisfies Record<string, (bytes: Uint8Array, limits: SpanLimits, memory: Memory) => SpanSource>;
export type MappedFormat = keyof typeof SOURCES;

/** What keys mean, where a format is written without being built. */
export const KEY_USES = {
  zipkin_json: zipkinKeyUse,
  zipkin_protobuf: zipkinKeyUse,
  jaeger_thrift: jaegerKeyUse,
  jaeger_thrift_compact: jaegerKeyUse,
} satisfies Record<MappedFormat, (key: string) => KeyUse>;

interface MappedBytes {
  readonly body: Uint8Array;
  readonly marks: readonly number[];
  readonly rejected: number;
  readonly message: string;
}

/** A request as the ingest thread reads it, without a memory or with it. */
export function readWith(
  memory: Memory,
  format: MappedFormat,
  bytes: Uint8Array,
  limits = DEFAULT_SPAN_LIMITS,
): MappedBytes {
  const refusals = new Refusals();
  const { body, given } = new MappedBatch(SOURCES[format](bytes, limits, memory), refusals).whole();
  return { body, marks: [...given], rejected: refusals.count, message: refusals.message };
}

/**
 * A request of another format as the ingest thread reads it, all of it at once. Whether its spans are built, or written
 * from what a memory has of the same spans, they come out the same.
 */
export function readMapped(format: MappedFormat, bytes: Uint8Array, limits = DEFAULT_SPAN_LIMITS): MappedSpans {
  const { body, ...told } = readWith(undefined, format, bytes, limits);
  const memory = new MappingMemory(KEY_USES[format]);
  for (const state of ["cold", "warm"]) {
    const again = readWith(memory, format, bytes, limits);
    expect({ state, ...again }).toEqual({ state, body, ...told });
  }
  return { traces: decodeTraces(body), ...told };
}

/** The spans of requests, none of which may be refused. */
export function mappedTraces(format: MappedFormat, ...bodies: readonly Uint8Array[]): TracesData {
  return bodies.flatMap((body) => {
    const { traces, rejected, message } = readMapped(format, body);
    if (rejected > 0) throw new Error(message);
    return traces;
  });
}

export const zipkinTraces = (body: Uint8Array): TracesData => mappedTraces("zipkin_json", body);
export const jaegerTraces = (...bodies: readonly Uint8Array[]): TracesData => mappedTraces("jaeger_thrift", ...bodies);
