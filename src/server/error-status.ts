import type { ServerResponse } from "node:http";
import type { RpcStatus } from "../codec/rpc/status.ts";
import { type Failure, failureOf } from "../component/error-status.ts";
import type { ErrorCode } from "../component/errors.ts";

/** How a failure is told to a sender on either transport. */
export interface ErrorAnswer {
  readonly httpStatus: number;
  /** gRPC code, message, and RetryInfo for failures that may be retried. */
  readonly rpc: RpcStatus;
  /** `reason` label of metrics: the error's code. */
  readonly reason: ErrorCode;
}

/** `failureOf` as a receiver tells it. */
export function answerOf(error: unknown): ErrorAnswer {
  const { http, grpc, code, message, retryDelayMs } = failureOf(error);
  const retry = retryDelayMs === undefined ? {} : { retryDelayMs };
  return { httpStatus: http, rpc: { code: grpc, message, ...retry }, reason: code };
}

/** Sets status and Retry-After; the body, in the API's own form, is the caller's. */
export function startFailure(response: ServerResponse, { http, retryDelayMs }: Failure): void {
  response.statusCode = http;
  if (retryDelayMs !== undefined) response.setHeader("retry-after", String(retryAfterSeconds(retryDelayMs)));
}

/** Value of the Retry-After header: whole seconds, at least 1 (RFC 9110 §10.2.3). */
export function retryAfterSeconds(retryDelayMs: number): number {
  return Math.max(1, Math.ceil(retryDelayMs / 1_000));
}
