import { messageOf } from "../model/message-of.ts";
/** What passes by itself: the codes that a RetryableError may have. */
export type RetryableCode = "overloaded" | "storage_full" | "storage_unavailable" | "unreachable" | "cancelled";

/** Error codes are stable: scripts and tests may rely on them. `ERROR_STATUS` says how each is told. */
export type ErrorCode =
  | RetryableCode
  | "config_invalid"
  | "malformed"
  | "unsupported_media_type"
  | "too_large"
  | "data_folder_in_use"
  | "data_folder_unusable"
  | "data_format_unknown"
  | "listen_failed"
  | "not_found"
  | "bad_request"
  | "unauthenticated"
  | "unsupported"
  | "destination_refused"
  | "internal";

/** The sender may try the same request again, not before `retryAfterMs` where given. */
export class RetryableError extends Error {
  readonly code: RetryableCode;
  readonly retryAfterMs: number | undefined;
  constructor(code: RetryableCode, message: string, retryAfterMs?: number, options?: ErrorOptions) {
    super(message, options);
    this.name = "RetryableError";
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The same request will fail again; the message says what was wrong, where, and what was expected. */
export class PermanentError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PermanentError";
    this.code = code;
  }
}

/** Whoever asked no longer waits for the answer. */
export function cancelled(): PermanentError {
  return new PermanentError("cancelled", "the request was cancelled by the caller");
}

/** What was to be done, `what`, was stopped by whoever runs it; it may be asked for again. */
export function stopped(what: string): RetryableError {
  return new RetryableError("cancelled", `${what}: stopped`);
}

/** @throws PermanentError `cancelled` */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}

/** Plain form of an error for a trip between threads. */
export type ErrorRecord =
  | {
      readonly retryable: true;
      readonly code: RetryableCode;
      readonly message: string;
      readonly retryAfterMs?: number;
    }
  | { readonly retryable: false; readonly code: ErrorCode; readonly message: string };

export function toErrorRecord(error: unknown): ErrorRecord {
  if (error instanceof RetryableError) {
    return {
      retryable: true,
      code: error.code,
      message: error.message,
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    };
  }
  if (error instanceof PermanentError) return { retryable: false, code: error.code, message: error.message };
  return { retryable: false, code: "internal", message: messageOf(error) };
}

export function fromErrorRecord(record: ErrorRecord): RetryableError | PermanentError {
  return record.retryable
    ? new RetryableError(record.code, record.message, record.retryAfterMs)
    : new PermanentError(record.code, record.message);
}
