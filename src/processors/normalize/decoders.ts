import { jsonToTraces } from "../../codec/otlp/json/json-in.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import type { BatchFormat } from "../../component/ingest.ts";

/** How batches of one format become what is stored. */
export interface BatchDecoder {
  /** What people call the format: `OTLP/JSON`. */
  readonly title: string;
  /**
   * OTLP protobuf, a TracesData message. What need not change is given back as it came.
   * @throws DecodeError that says where and what was expected
   */
  toOtlp(bytes: Uint8Array): Uint8Array;
}

/** One for every format of `BatchFormat`; they run in the ingest thread. */
export const DECODERS: Readonly<Record<BatchFormat, BatchDecoder>> = {
  otlp_protobuf: { title: "OTLP protobuf", toOtlp: (bytes) => bytes },
  otlp_json: { title: "OTLP/JSON", toOtlp: (bytes) => encodeTraces(jsonToTraces(bytes)) },
};
