import { Metadata, type MethodDefinition, type StatusObject } from "@grpc/grpc-js";
import { encodeRpcStatus } from "../codec/rpc/status.ts";
import type { ErrorAnswer } from "./error-status.ts";

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A unary method whose messages stay bytes: nothing is decoded on the thread that listens. */
export function rawUnaryMethod(path: string): MethodDefinition<Uint8Array, Uint8Array> {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: asBuffer,
    requestDeserialize: (bytes) => bytes,
    responseSerialize: asBuffer,
    responseDeserialize: (bytes) => bytes,
  };
}

/** The bytes of a message in memory of their own: what the transport hands out is a view of its buffers. */
export function ownedCopy(view: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(view.length);
  bytes.set(view);
  return bytes;
}

/** Trailers are headers: their size is bounded by the peer. */
const MAX_DETAILS_CHARS = 1_024;

/** The answer as a gRPC status; failures that may be retried carry google.rpc.RetryInfo in `grpc-status-details-bin`. */
export function grpcStatusOf(answer: ErrorAnswer): StatusObject {
  // Through UTF-8 and back, since a lone surrogate cannot be percent-encoded into `grpc-message`.
  const message = Buffer.from(answer.rpc.message.slice(0, MAX_DETAILS_CHARS)).toString();
  const metadata = new Metadata();
  if (answer.rpc.retryDelayMs !== undefined) {
    metadata.set("grpc-status-details-bin", asBuffer(encodeRpcStatus({ ...answer.rpc, message })));
  }
  return { code: answer.rpc.code, details: message, metadata };
}
