import { Metadata, type MethodDefinition, type StatusObject } from "@grpc/grpc-js";
import { encodeRpcStatus } from "../../codec/rpc/status.ts";
import { wellFormed } from "../../codec/utf8.ts";
import type { ErrorAnswer } from "../error-status.ts";

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A unary method whose messages stay bytes: nothing is decoded on the thread that listens. */
export function rawUnaryMethod(path: string): MethodDefinition<Uint8Array, Uint8Array> {
  return rawMethod(path, false, false);
}

/** A method whose messages stay bytes, with one or many of them from the client and from the server. */
export function rawMethod(
  path: string,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<Uint8Array, Uint8Array> {
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: asBuffer,
    requestDeserialize: (bytes) => bytes,
    responseSerialize: asBuffer,
    responseDeserialize: (bytes) => bytes,
  };
}

/** What stands before a message in the buffer that grpc-js puts it together in: the frame's flag and length, bytes. */
export const FRAME_HEADER = 5;

/**
 * The bytes of a message in memory of their own. A long message has that already, as grpc-js joins its pieces in a
 * buffer that holds nothing else, and nobody looks at it again; one from a shared pool is copied.
 */
export function ownedBytes(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = message;
  if (buffer instanceof ArrayBuffer && buffer.byteLength - length <= FRAME_HEADER) {
    return new Uint8Array(buffer, byteOffset, length);
  }
  return new Uint8Array(message);
}

/** Trailers are headers: their size is bounded by the peer. */
const MAX_DETAILS_CHARS = 1_024;

/**
 * The answer as a gRPC status; failures that may be retried carry google.rpc.RetryInfo in `grpc-status-details-bin`.
 */
export function grpcStatusOf(answer: ErrorAnswer): StatusObject {
  // A lone surrogate cannot be percent-encoded into `grpc-message`.
  const message = wellFormed(answer.rpc.message.slice(0, MAX_DETAILS_CHARS));
  const metadata = new Metadata();
  if (answer.rpc.retryDelayMs !== undefined) {
    metadata.set("grpc-status-details-bin", asBuffer(encodeRpcStatus({ ...answer.rpc, message })));
  }
  return { code: answer.rpc.code, details: message, metadata };
}
