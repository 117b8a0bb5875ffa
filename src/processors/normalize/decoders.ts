import { JaegerThrift } from "../../codec/jaeger/jaeger-thrift.ts";
import { jaegerKeyUse } from "../../codec/jaeger/key-use.ts";
import { MappedBatch, type SpanSource } from "../../codec/mapping/mapped-batch.ts";
import { MappingMemory } from "../../codec/mapping/mapping-memory.ts";
import type { MappedTraces } from "../../codec/mapping/span-batch.ts";
import { splitBody } from "../../codec/otlp/cut/split.ts";
import { JsonTraces } from "../../codec/otlp/json/json-in.ts";
import type { MendedTraces, Refusals, SpanPlace } from "../../codec/otlp/message/refusals.ts";
import type { SpanLimits } from "../../codec/otlp/message/span-limits.ts";
import { zipkinKeyUse } from "../../codec/zipkin/key-use.ts";
import { ZipkinJson } from "../../codec/zipkin/zipkin-json.ts";
import { ZipkinProtobuf } from "../../codec/zipkin/zipkin-protobuf.ts";
import type { BatchFormat } from "../../component/ingest.ts";

/** OTLP protobuf as it came, in which anything may be wrong. */
export interface RawTraces {
  readonly body: Uint8Array;
  /** Where its first span stands in the batch; absent for a whole one. */
  readonly first?: SpanPlace;
}

/** What a format's batch becomes, or a piece of it. */
export type ReadTraces = MendedTraces | RawTraces | MappedTraces;

/** A batch as one format is read. What it refuses it tells the `Refusals` that it was opened with. */
export interface BatchReading {
  /** All of it. @throws DecodeError that says where and what was expected */
  whole(): ReadTraces;
  /**
   * In pieces of about `bytes` each; undefined where the caller may do something else.
   * @throws DecodeError, before the first piece
   */
  pieces(bytes: number): Generator<ReadTraces | undefined, void>;
  /** Names, with their places, of fields around the spans that the format does not know; the first few. */
  readonly unknownFields: readonly string[];
  /** Whether a batch without spans is no mistake of its sender's: it said that there are none. */
  readonly saysNothing: boolean;
}

/** How batches of one format become what is stored. */
export interface BatchDecoder {
  /** What people call the format: `OTLP/JSON`. */
  readonly title: string;
  open(bytes: Uint8Array, limits: SpanLimits, refusals: Refusals): BatchReading;
}

/** One for every format of `BatchFormat`; they run in the ingest thread, and remember from batch to batch. */
export function createDecoders(): Readonly<Record<BatchFormat, BatchDecoder>> {
  const jaeger = new MappingMemory(jaegerKeyUse);
  const zipkinJson = new MappingMemory(zipkinKeyUse);
  const zipkinProtobuf = new MappingMemory(zipkinKeyUse);
  return {
    otlp_protobuf: {
      title: "OTLP protobuf",
      open: (bytes) => ({
        whole: () => ({ body: bytes }),
        pieces: (size) => splitBody(bytes, size),
        unknownFields: [],
        saysNothing: bytes.length === 0,
      }),
    },
    otlp_json: { title: "OTLP/JSON", open: (bytes, limits, refusals) => new JsonTraces(bytes, limits, refusals) },
    zipkin_json: mapped("Zipkin JSON", (bytes, limits) => new ZipkinJson(bytes, limits, zipkinJson)),
    zipkin_protobuf: mapped("Zipkin protobuf", (bytes, limits) => new ZipkinProtobuf(bytes, limits, zipkinProtobuf)),
    jaeger_thrift: mapped("a Jaeger batch in Thrift's binary protocol", (bytes, limits) => {
      return new JaegerThrift(bytes, limits, "binary", jaeger);
    }),
    jaeger_thrift_compact: mapped("a Jaeger batch in Thrift's compact protocol", (bytes, limits) => {
      return new JaegerThrift(bytes, limits, "compact");
    }),
  };
}

/** A format that is mapped span by span. */
function mapped(title: string, source: (bytes: Uint8Array, limits: SpanLimits) => SpanSource): BatchDecoder {
  return { title, open: (bytes, limits, refusals) => new MappedBatch(source(bytes, limits), refusals) };
}
