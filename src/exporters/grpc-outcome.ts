import type { Metadata, ServiceError } from "@grpc/grpc-js";
import type { ExportOutcome } from "../component/export.ts";
import { isRetryableGrpcStatus } from "../component/retry.ts";
import { MAX_ANSWER_BYTES } from "./http-sender.ts";
import { readRpcStatus } from "./otlp-answer.ts";
import { quote, withDetail } from "./outcome.ts";

const RESOURCE_EXHAUSTED = 8;

/**
 * The limit given to grpc-js. It is one byte above the round number so that grpc-js's own error, which names the limit,
 * can be told from a peer that finds our request too large: both are RESOURCE_EXHAUSTED.
 */
export const GRPC_ANSWER_LIMIT = MAX_ANSWER_BYTES + 1;

const NAMES: Readonly<Record<number, string>> = {
  1: "CANCELLED",
  2: "UNKNOWN",
  3: "INVALID_ARGUMENT",
  4: "DEADLINE_EXCEEDED",
  5: "NOT_FOUND",
  6: "ALREADY_EXISTS",
  7: "PERMISSION_DENIED",
  8: "RESOURCE_EXHAUSTED",
  9: "FAILED_PRECONDITION",
  10: "ABORTED",
  11: "OUT_OF_RANGE",
  12: "UNIMPLEMENTED",
  13: "INTERNAL",
  14: "UNAVAILABLE",
  15: "DATA_LOSS",
  16: "UNAUTHENTICATED",
};

/** What a failed call says about a request of `count` spans: OTLP specification 1.11, "OTLP/gRPC response". */
export function grpcOutcome(error: ServiceError, count: number): ExportOutcome {
  const reason = withDetail(`gRPC ${NAMES[error.code] ?? error.code}`, quote(error.details || error.message));
  if (error.code === RESOURCE_EXHAUSTED && error.details?.includes(String(GRPC_ANSWER_LIMIT))) {
    return { type: "rejected", count, reason: `gRPC answer longer than ${MAX_ANSWER_BYTES} bytes` };
  }
  const retryAfterMs = retryInfo(error.metadata);
  if (isRetryableGrpcStatus(error.code, retryAfterMs !== undefined)) {
    return { type: "retry", reason, ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }) };
  }
  if (error.code === RESOURCE_EXHAUSTED) return { type: "split", reason };
  return { type: "rejected", count, reason };
}

/** RetryInfo's delay, ms, from the trailer that carries google.rpc.Status. */
function retryInfo(metadata: Metadata | undefined): number | undefined {
  const details = metadata?.get("grpc-status-details-bin")[0];
  return Buffer.isBuffer(details) ? readRpcStatus(details)?.retryAfterMs : undefined;
}
