import { GRPC_STATUS } from "../model/grpc-status.ts";
import { MINUTE_MS } from "../model/time.ts";

/**
 * The one table of what may be retried, for receivers and exporters alike (OTLP specification 1.11, "Failures").
 * gRPC RESOURCE_EXHAUSTED is retryable only with RetryInfo.
 */
export const RETRYABLE_HTTP_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export const RETRYABLE_GRPC_STATUS: ReadonlySet<number> = new Set([
  GRPC_STATUS.cancelled,
  GRPC_STATUS.deadline_exceeded,
  GRPC_STATUS.aborted,
  GRPC_STATUS.out_of_range,
  GRPC_STATUS.unavailable,
  GRPC_STATUS.data_loss,
]);

/** Bad Request and Unprocessable Content: these very bytes are wrong, and will be tomorrow. */
const UNUSABLE_BODY_STATUS: ReadonlySet<number> = new Set([400, 422]);

/**
 * Whether an exporter keeps what was refused with this status and tries again. Spans wait in the log, so it holds them
 * for whatever somebody can mend: a token, a path, a proxy, a broken server. Only an answer that speaks of the bytes
 * themselves ends it. 413 is another thing: the same spans fit in parts.
 */
export function isHeldHttpStatus(status: number): boolean {
  return !UNUSABLE_BODY_STATUS.has(status);
}

const UNUSABLE_BODY_GRPC_STATUS: ReadonlySet<number> = new Set([
  GRPC_STATUS.invalid_argument,
  GRPC_STATUS.already_exists,
]);

/** As isHeldHttpStatus. RESOURCE_EXHAUSTED for the size of a message is another thing too. */
export function isHeldGrpcStatus(status: number): boolean {
  return !UNUSABLE_BODY_GRPC_STATUS.has(status);
}

export function isRetryableHttpStatus(status: number): boolean {
  return RETRYABLE_HTTP_STATUS.has(status);
}

export function isRetryableGrpcStatus(status: number, hasRetryInfo: boolean): boolean {
  return RETRYABLE_GRPC_STATUS.has(status) || (status === GRPC_STATUS.resource_exhausted && hasRetryInfo);
}

export interface BackoffSettings {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly factor: number;
}

/** OTLP exporter defaults: 5 s, growing by 1.5 to 30 s. */
export const DEFAULT_BACKOFF: BackoffSettings = { initialMs: 5_000, maxMs: 30_000, factor: 1.5 };

/** A peer may ask for this wait at most, ms: one that asks for days is tried again long before. */
export const MAX_ASKED_MS = 5 * MINUTE_MS;

/** The longest that a timer can wait; it would fire at once for anything above. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Wait before retry number `attempt` (from 0), ms, with ±50 % jitter; not shorter than what the peer asked for, up to
 * MAX_ASKED_MS.
 */
export function backoffMs(attempt: number, settings: BackoffSettings, random: () => number, askedMs?: number): number {
  const base = Math.min(settings.maxMs, settings.initialMs * settings.factor ** attempt);
  const jittered = base * (0.5 + random());
  const asked = Math.min(askedMs ?? 0, MAX_ASKED_MS);
  return Math.min(Math.max(asked, Math.min(settings.maxMs, jittered)), MAX_TIMER_MS);
}

/**
 * `Retry-After` (RFC 9110 §10.2.3) as ms from `nowMs`: seconds or an HTTP date; a date that has passed is 0. Undefined
 * where the header is missing or is neither.
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim();
  if (text === undefined || text === "") return undefined;
  if (/^\d+$/.test(text)) return Math.min(Number(text), Number.MAX_SAFE_INTEGER / 1000) * 1000;
  // Date.parse takes far more than HTTP dates, all of which begin with the name of a day.
  const date = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
