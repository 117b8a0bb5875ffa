import { GRPC_STATUS } from "../model/grpc-status.ts";
import { type ErrorCode, PermanentError, RetryableError } from "./errors.ts";
import { isRetryableHttpStatus } from "./retry.ts";

/** How an error code is told on either transport. */
export interface ErrorStatus {
  readonly http: number;
  /** google.rpc.Code. */
  readonly grpc: number;
}

const REFUSED = { http: 400, grpc: GRPC_STATUS.invalid_argument };
const AGAIN = { http: 503, grpc: GRPC_STATUS.unavailable };
const FAULT = { http: 500, grpc: GRPC_STATUS.internal };

/**
 * The one table of what an error code is answered with, for every receiver and every API. Peers decide by the status
 * alone whether they ask again: a RetryableCode has statuses that component/retry.ts calls retryable, any other code
 * has none that is.
 */
export const ERROR_STATUS: Readonly<Record<ErrorCode, ErrorStatus>> = {
  malformed: REFUSED,
  bad_request: REFUSED,
  unsupported_media_type: { http: 415, grpc: GRPC_STATUS.invalid_argument },
  too_large: { http: 413, grpc: GRPC_STATUS.resource_exhausted },
  not_found: { http: 404, grpc: GRPC_STATUS.not_found },
  unauthenticated: { http: 403, grpc: GRPC_STATUS.permission_denied },
  unsupported: { http: 501, grpc: GRPC_STATUS.unimplemented },
  // Neither the sender's fault nor ours to mend: final all the same.
  destination_refused: FAULT,
  overloaded: { http: 429, grpc: GRPC_STATUS.unavailable },
  storage_full: AGAIN,
  storage_unavailable: AGAIN,
  unreachable: AGAIN,
  // Where somebody still reads the answer, it was the collector that stopped.
  cancelled: AGAIN,
  // These end the process at its start; a request never meets them.
  config_invalid: FAULT,
  data_folder_in_use: FAULT,
  data_folder_unusable: FAULT,
  data_format_unknown: FAULT,
  listen_failed: FAULT,
  internal: FAULT,
};

/** Wait that a peer is asked for where the error names none, ms. */
const DEFAULT_RETRY_MS = 1_000;

/** What whoever asked is told of something that was thrown. */
export interface Failure extends ErrorStatus {
  readonly code: ErrorCode;
  readonly message: string;
  /** False for what a web framework threw, and for a fault of ours (`internal`). */
  readonly typed: boolean;
  /** Of retryable failures: ask again after it, ms. */
  readonly retryDelayMs?: number;
}

/**
 * The answer for anything thrown while a request was handled. A PermanentError is told as final whatever its code. A
 * 4xx `status` that a web framework put on its error is kept. Anything else without a type is a fault of ours: its
 * text stays in the log, the peer learns only that it failed.
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof RetryableError) {
    const { code, message, retryAfterMs: retryDelayMs = DEFAULT_RETRY_MS } = error;
    return { ...ERROR_STATUS[code], code, message, typed: true, retryDelayMs };
  }
  if (error instanceof PermanentError) {
    const { code, message } = error;
    return {
      ...(isRetryableHttpStatus(ERROR_STATUS[code].http) ? FAULT : ERROR_STATUS[code]),
      code,
      message,
      typed: true,
    };
  }
  const { status } = (error ?? {}) as { readonly status?: unknown };
  if (error instanceof Error && typeof status === "number" && status >= 400 && status < 500) {
    const code = codeOfHttpStatus(status);
    return { ...ERROR_STATUS[code], http: status, code, message: error.message, typed: false };
  }
  return { ...FAULT, code: "internal", message: "internal error; the collector's log has the details", typed: false };
}

/** The code that an HTTP status stands for where nothing closer is known. */
export function codeOfHttpStatus(status: number): ErrorCode {
  return CODE_OF_STATUS.get(status) ?? (status >= 400 && status < 500 ? "bad_request" : "internal");
}

const CODE_OF_STATUS: ReadonlyMap<number, ErrorCode> = new Map(
  (["unsupported_media_type", "too_large", "not_found", "unauthenticated", "overloaded"] as const).map((code) => [
    ERROR_STATUS[code].http,
    code,
  ]),
);
