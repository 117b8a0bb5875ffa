/** Error codes are stable: scripts and tests may rely on them. */
export type ErrorCode =
  | "config_invalid"
  | "malformed"
  | "unsupported_media_type"
  | "too_large"
  | "overloaded"
  | "storage_full"
  | "storage_unavailable"
  | "data_folder_in_use"
  | "data_folder_unusable"
  | "data_format_unknown"
  | "listen_failed"
  | "not_found"
  | "bad_request"
  | "unreachable"
  | "unauthenticated"
  | "unsupported"
  | "cancelled"
  | "internal";

/** The sender may try the same request again, not before `retryAfterMs` where given. */
export class RetryableError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  constructor(code: ErrorCode, message: string, retryAfterMs?: number, options?: ErrorOptions) {
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

/** @throws PermanentError `cancelled` */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}

/** Plain form of an error for a trip between threads. */
export interface ErrorRecord {
  readonly retryable: boolean;
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfterMs?: number;
}

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
  return { retryable: false, code: "internal", message: error instanceof Error ? error.message : String(error) };
}

export function fromErrorRecord(record: ErrorRecord): RetryableError | PermanentError {
  return record.retryable
    ? new RetryableError(record.code, record.message, record.retryAfterMs)
    : new PermanentError(record.code, record.message);
}
