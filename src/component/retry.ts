import { GRPC_STATUS } from "../model/grpc-status.ts";

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

/** Wait before retry number `attempt` (from 0), ms, with ±50 % jitter; never shorter than what the peer asked for. */
export function backoffMs(attempt: number, settings: BackoffSettings, random: () => number, askedMs?: number): number {
  const base = Math.min(settings.maxMs, settings.initialMs * settings.factor ** attempt);
  const jittered = base * (0.5 + random());
  return Math.max(askedMs ?? 0, Math.min(settings.maxMs, jittered));
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
