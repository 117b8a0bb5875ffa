import type { ServiceError } from "@grpc/grpc-js";
import { retryDelayOfTrailer } from "../codec/rpc/status.ts";
import type { ExportOutcome } from "../component/export.ts";
import { isHeldGrpcStatus } from "../component/retry.ts";
import { GRPC_STATUS, grpcStatusName } from "../model/grpc-status.ts";
import { MAX_ANSWER_BYTES } from "./http-sender.ts";
import { quote, withDetail } from "./outcome.ts";

/**
 * The limit given to grpc-js. It is one byte above the round number so that grpc-js's own error, which names the limit,
 * can be told from a peer that finds our request too large: both are RESOURCE_EXHAUSTED.
 */
export const GRPC_ANSWER_LIMIT = MAX_ANSWER_BYTES + 1;

/** Words of a peer, grpc-js and grpc-go among them, that finds a message too large; quotas have others. */
const TOO_LARGE = /\b(larger?|size|too big|too long|bytes)\b/i;

/** True where the call failed for the length of its answer alone. Only a success has a message. */
export function isAnswerTooLong({ code, details }: ServiceError): boolean {
  return code === GRPC_STATUS.resource_exhausted && details?.includes(String(GRPC_ANSWER_LIMIT));
}

/** What a failed call says about a request of `count` spans; what is held is as over HTTP. */
export function grpcOutcome(error: ServiceError, count: number): ExportOutcome {
  const reason = withDetail(`gRPC ${grpcStatusName(error.code)}`, quote(error.details || error.message));
  if (isAnswerTooLong(error)) {
    return { type: "delivered", warning: `gRPC answer longer than ${MAX_ANSWER_BYTES} bytes` };
  }
  const retryAfterMs = retryDelayOfTrailer(error.metadata?.get("grpc-status-details-bin")[0]);
  const tooLarge = error.code === GRPC_STATUS.resource_exhausted && retryAfterMs === undefined;
  if (tooLarge && TOO_LARGE.test(reason)) return { type: "split", reason };
  if (!isHeldGrpcStatus(error.code)) return { type: "rejected", count, reason };
  return { type: "retry", reason, ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }) };
}
