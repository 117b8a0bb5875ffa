import protobuf from "protobufjs/minimal.js";
import type { ExportOutcome } from "../component/export.ts";
import { quote } from "./outcome.ts";

const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";

/**
 * ExportTraceServiceResponse { 1: ExportTracePartialSuccess { 1: int64 rejected_spans, 2: string error_message } }.
 * A populated partial success is final: what was rejected must not be sent again (OTLP specification, "Partial Success").
 * A message without rejected spans is a warning about spans that were taken.
 */
export function readExportAnswer(body: Uint8Array): ExportOutcome {
  let rejected = 0;
  let message = "";
  try {
    eachField(body, (id, reader) => {
      if (id !== 1) return false;
      eachField(reader.bytes(), (inner, nested) => {
        if (inner === 1) rejected = toNumber(nested.int64());
        else if (inner === 2) message = nested.string();
        else return false;
        return true;
      });
      return true;
    });
  } catch {
    // The peer said success in its status; a body that is none of ours takes nothing back.
    return { type: "delivered" };
  }
  if (rejected <= 0 && message === "") return { type: "delivered" };
  return { type: "rejected", count: Math.max(0, rejected), reason: quote(message) || "partial success" };
}

export interface RpcStatus {
  readonly message: string;
  /** RetryInfo's delay, ms; undefined without RetryInfo. */
  readonly retryAfterMs: number | undefined;
}

/** google.rpc.Status { 1: code, 2: message, 3: repeated Any details }; undefined for bytes that are none. */
export function readRpcStatus(bytes: Uint8Array): RpcStatus | undefined {
  let message = "";
  let retryAfterMs: number | undefined;
  try {
    eachField(bytes, (id, reader) => {
      if (id === 2) message = reader.string();
      else if (id === 3) retryAfterMs = readRetryInfo(reader.bytes()) ?? retryAfterMs;
      else return false;
      return true;
    });
  } catch {
    return undefined;
  }
  return { message, retryAfterMs };
}

/** The words in an OTLP/HTTP error body, which is a google.rpc.Status, or the text of a proxy in between. */
export function readErrorMessage(body: Uint8Array): string {
  const status = readRpcStatus(body);
  return quote(status === undefined || status.message === "" ? body : status.message);
}

/** Any { 1: string type_url, 2: bytes value } of RetryInfo { 1: Duration { 1: int64 seconds, 2: int32 nanos } }. */
function readRetryInfo(any: Uint8Array): number | undefined {
  let type = "";
  let value: Uint8Array = new Uint8Array(0);
  eachField(any, (id, reader) => {
    if (id === 1) type = reader.string();
    else if (id === 2) value = reader.bytes();
    else return false;
    return true;
  });
  if (type !== RETRY_INFO) return undefined;
  let delayMs = 0;
  eachField(value, (id, reader) => {
    if (id !== 1) return false;
    eachField(reader.bytes(), (inner, nested) => {
      if (inner === 1) delayMs += toNumber(nested.int64()) * 1000;
      else if (inner === 2) delayMs += nested.int32() / 1e6;
      else return false;
      return true;
    });
    return true;
  });
  return Math.max(0, Math.ceil(delayMs));
}

/** Every field of a message; `take` answers false for one that it does not read. */
function eachField(bytes: Uint8Array, take: (id: number, reader: protobuf.Reader) => boolean): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (!take(tag >>> 3, reader)) reader.skipType(tag & 7);
  }
}

function toNumber(value: unknown): number {
  return Number(String(value));
}
