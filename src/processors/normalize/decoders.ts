import { splitBody } from "../../codec/otlp/cut/split.ts";
import { JsonTraces } from "../../codec/otlp/json/json-in.ts";
import type { MendedTraces, Refusals, SpanPlace } from "../../codec/otlp/message/refusals.ts";
import type { SpanLimits } from "../../codec/otlp/message/span-limits.ts";
import type { BatchFormat } from "../../component/ingest.ts";

/** OTLP protobuf as it came, in which anything may be wrong. */
export interface RawTraces {
  readonly body: Uint8Array;
  /** Where its first span stands in the batch; absent for a whole one. */
  readonly first?: SpanPlace;
}

/** A batch as one format is read. What it refuses it tells the `Refusals` that it was opened with. */
export interface BatchReading {
  /** All of it. @throws DecodeError that says where and what was expected */
  whole(): MendedTraces | RawTraces;
  /**
   * In pieces of about `bytes` each; undefined where the caller may do something else.
   * @throws DecodeError, before the first piece
   */
  pieces(bytes: number): Generator<MendedTraces | RawTraces | undefined, void>;
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

/** One for every format of `BatchFormat`; they run in the ingest thread. */
export const DECODERS: Readonly<Record<BatchFormat, BatchDecoder>> = {
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
};
