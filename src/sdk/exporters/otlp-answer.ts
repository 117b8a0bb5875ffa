import { ByteReader, WIRE } from "../../codec/otlp/wire.ts";

export interface PartialSuccess {
  /** Spans that the peer refused. */
  readonly rejected: number;
  readonly message: string;
}

/**
 * ExportTraceServiceResponse { 1: partial_success { 1: int64 rejected_spans, 2: string error_message } }.
 * Throws DecodeError for bytes that are no protobuf.
 */
export function readPartialSuccess(bytes: Uint8Array): PartialSuccess {
  let rejected = 0;
  let message = "";
  for (const partial of subMessages(bytes, 1)) {
    const reader = new ByteReader(partial);
    while (reader.at < reader.end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | WIRE.varint)) rejected = Number(reader.int64());
      else if (tag === ((2 << 3) | WIRE.bytes)) message = reader.text();
      else reader.skip(tag, 0);
    }
  }
  return { rejected, message };
}

/**
 * RetryInfo.retry_delay in a google.rpc.Status (`grpc-status-details-bin`), ms; undefined where there is none.
 * Status { 3: Any { 1: type_url, 2: value = RetryInfo { 1: Duration { 1: seconds, 2: nanos } } } }.
 */
export function readRetryDelayMs(status: Uint8Array): number | undefined {
  for (const any of subMessages(status, 3)) {
    const reader = new ByteReader(any);
    let type = "";
    let value: Uint8Array = new Uint8Array();
    while (reader.at < reader.end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | WIRE.bytes)) type = reader.text();
      else if (tag === ((2 << 3) | WIRE.bytes)) value = reader.blob();
      else reader.skip(tag, 0);
    }
    if (!type.endsWith("/google.rpc.RetryInfo")) continue;
    let delayMs = 0;
    for (const duration of subMessages(value, 1)) delayMs = durationMs(duration);
    return delayMs;
  }
  return undefined;
}

function durationMs(bytes: Uint8Array): number {
  const reader = new ByteReader(bytes);
  let milliseconds = 0;
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | WIRE.varint)) milliseconds += Number(reader.int64()) * 1000;
    else if (tag === ((2 << 3) | WIRE.varint)) milliseconds += Number(reader.int64()) / 1e6;
    else reader.skip(tag, 0);
  }
  return Math.max(0, milliseconds);
}

function* subMessages(bytes: Uint8Array, field: number): Generator<Uint8Array> {
  const reader = new ByteReader(bytes);
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag === ((field << 3) | WIRE.bytes)) yield reader.blob();
    else reader.skip(tag, 0);
  }
}
