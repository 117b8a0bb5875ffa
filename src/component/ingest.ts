import type { SpanColumns } from "../model/span-columns.ts";

/**
 * What the bytes of an incoming batch are. Receivers hand them on as they came; the ingest thread does the rest, with
 * the decoder that src/processors/normalize/decoders.ts has for each.
 */
export type BatchFormat =
  | "otlp_protobuf"
  | "otlp_json"
  | "zipkin_json"
  | "zipkin_protobuf"
  | "jaeger_thrift"
  | "jaeger_thrift_compact";
export type BatchEncoding = "identity" | "gzip" | "deflate" | "zstd";

export interface IncomingBatch {
  readonly format: BatchFormat;
  readonly encoding: BatchEncoding;
  /** Owned by the batch: it is transferred to another thread and must not be used afterwards. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Limit on the inflated size, bytes; beyond it the batch is refused with `too_large`. */
  readonly maxBytes: number;
  /** Wall clock when the request was complete, ms since the epoch. */
  readonly receivedAtMs: number;
  /** `otlp_grpc`, `otlp_http`, `replay`, … for metrics. */
  readonly source: string;
}

/** Of a committed batch. `rejected > 0` or a message makes an OTLP partial success. */
export interface AppendResult {
  /** Spans taken: stored, or dropped by sampling as configured. */
  readonly accepted: number;
  /** Spans refused, with `message` saying why. */
  readonly rejected: number;
  readonly message: string;
}

/** Where receivers put batches. Resolves after the commit; throws RetryableError or PermanentError. */
export interface BatchSink {
  append(batch: IncomingBatch): Promise<AppendResult>;
}

/** A batch after decoding, normalising and sampling, ready for the log. Valid until the next `prepare`. */
export interface PreparedBatch {
  /** OTLP protobuf, a TracesData message. */
  readonly body: Uint8Array;
  readonly columns: SpanColumns;
  /** Rows to store, ascending; undefined means all. */
  readonly keep: Uint32Array | undefined;
  /**
   * `attributeHash` of every distinct scalar or text-searchable attribute of span, resource, scope and events, per row:
   * row i owns hashes[hashStart[i] .. hashStart[i + 1]). Resource and scope hashes are in groupHashes likewise.
   */
  readonly hashes: Uint32Array;
  readonly hashStart: Uint32Array;
  readonly groupHashes: Uint32Array;
  readonly groupHashStart: Uint32Array;
  readonly result: AppendResult;
}

/**
 * Decoding, normalising and head sampling in the ingest thread: bytes in, prepared batch out. Without I/O. Throws
 * PermanentError for what cannot be read at all.
 */
export interface IngestPipeline {
  /** Undefined for a batch that is too large to be prepared at once: `pieces` prepares it. */
  prepare(batch: IncomingBatch): PreparedBatch | undefined;
  /**
   * A batch of any size in pieces, each valid until the next is asked for, and in the end what its sender is told; the
   * results of the pieces mean nothing. Undefined where nothing is ready and somebody else may have a turn. Absent
   * where `prepare` takes batches of every size.
   */
  pieces?(batch: IncomingBatch): AsyncGenerator<PreparedBatch | undefined, AppendResult>;
}
