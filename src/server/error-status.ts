import type { RpcStatus } from "../codec/rpc/status.ts";
import { type ErrorCode, PermanentError, RetryableError } from "../component/errors.ts";
import { GRPC_STATUS } from "../model/grpc-status.ts";

/** How a failure is told to a sender on either transport. */
export interface ErrorAnswer {
  readonly httpStatus: number;
  /** gRPC code, message, and RetryInfo for failures that may be retried. */
  readonly rpc: RpcStatus;
  /** `reason` label of metrics: the error's code. */
  readonly reason: ErrorCode;
}

interface Statuses {
  readonly http: number;
  readonly grpc: number;
}

/** Every status here must be retryable by component/retry.ts: senders decide by the status alone. */
const RETRYABLE: Partial<Record<ErrorCode, Statuses>> = {
  overloaded: { http: 429, grpc: GRPC_STATUS.unavailable },
};
const RETRYABLE_DEFAULT: Statuses = { http: 503, grpc: GRPC_STATUS.unavailable };

/** No status here may be retryable by component/retry.ts. */
const PERMANENT: Partial<Record<ErrorCode, Statuses>> = {
  malformed: { http: 400, grpc: GRPC_STATUS.invalid_argument },
  bad_request: { http: 400, grpc: GRPC_STATUS.invalid_argument },
  unsupported_media_type: { http: 415, grpc: GRPC_STATUS.invalid_argument },
  too_large: { http: 413, grpc: GRPC_STATUS.resource_exhausted },
  not_found: { http: 404, grpc: GRPC_STATUS.not_found },
};
const PERMANENT_DEFAULT: Statuses = { http: 500, grpc: GRPC_STATUS.internal };

/** Wait that a sender is asked for where the error names none, ms. */
const DEFAULT_RETRY_MS = 1_000;

/**
 * The answer for anything thrown while a request was handled. What is neither RetryableError nor PermanentError is a
 * fault of ours: its text stays in the log and the sender is told only that the request failed.
 */
export function answerOf(error: unknown): ErrorAnswer {
  if (error instanceof RetryableError) {
    const { http, grpc } = RETRYABLE[error.code] ?? RETRYABLE_DEFAULT;
    const retryDelayMs = error.retryAfterMs ?? DEFAULT_RETRY_MS;
    return { httpStatus: http, rpc: { code: grpc, message: error.message, retryDelayMs }, reason: error.code };
  }
  if (error instanceof PermanentError) {
    const { http, grpc } = PERMANENT[error.code] ?? PERMANENT_DEFAULT;
    return { httpStatus: http, rpc: { code: grpc, message: error.message }, reason: error.code };
  }
  return {
    httpStatus: PERMANENT_DEFAULT.http,
    rpc: { code: PERMANENT_DEFAULT.grpc, message: "internal error; the collector's log has the details" },
    reason: "internal",
  };
}

/** Value of the Retry-After header: whole seconds, at least 1 (RFC 9110 §10.2.3). */
export function retryAfterSeconds(retryDelayMs: number): number {
  return Math.max(1, Math.ceil(retryDelayMs / 1_000));
}
