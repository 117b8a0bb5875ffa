import type { ServiceError } from "@grpc/grpc-js";
import { retryDelayOfTrailer } from "../codec/rpc/status.ts";
import type { ExportOutcome } from "../component/export.ts";
import { isRetryableGrpcStatus } from "../component/retry.ts";
import { GRPC_STATUS, grpcStatusName } from "../model/grpc-status.ts";
import { MAX_ANSWER_BYTES } from "./http-sender.ts";
import { quote, withDetail } from "./outcome.ts";

/**
 * The limit given to grpc-js. It is one byte above the round number so that grpc-js's own error, which names the limit,
 * can be told from a peer that finds our request too large: both are RESOURCE_EXHAUSTED.
 */
export const GRPC_ANSWER_LIMIT = MAX_ANSWER_BYTES + 1;

/** What a failed call says about a request of `count` spans: OTLP specification 1.11, "OTLP/gRPC response". */
export function grpcOutcome(error: ServiceError, count: number): ExportOutcome {
  const reason = withDetail(`gRPC ${grpcStatusName(error.code)}`, quote(error.details || error.message));
  if (error.code === GRPC_STATUS.resource_exhausted && error.details?.includes(String(GRPC_ANSWER_LIMIT))) {
    return { type: "rejected", count, reason: `gRPC answer longer than ${MAX_ANSWER_BYTES} bytes` };
  }
  const retryAfterMs = retryDelayOfTrailer(error.metadata?.get("grpc-status-details-bin")[0]);
  if (isRetryableGrpcStatus(error.code, retryAfterMs !== undefined)) {
    return { type: "retry", reason, ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }) };
  }
  if (error.code === GRPC_STATUS.resource_exhausted) return { type: "split", reason };
  return { type: "rejected", count, reason };
}
