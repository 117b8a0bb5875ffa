import type { ServiceError } from "@grpc/grpc-js";
import { DecodeError } from "../codec/decode-error.ts";
import { signalFromJson } from "../codec/otlp/json/signal-in.ts";
import { decodeExportResponse } from "../codec/otlp/message/export-response.ts";
import { type PartialSuccess, parseExportResponseJson } from "../codec/otlp/message/export-response-json.ts";
import { retryDelayOfTrailer } from "../codec/rpc/status.ts";
import { type ErrorCode, RetryableError } from "../component/errors.ts";
import type { ForwardOutcome, SignalRequest } from "../component/export.ts";
import { isRetryableGrpcStatus, isRetryableHttpStatus, MAX_ASKED_MS } from "../component/retry.ts";
import { GRPC_STATUS, grpcStatusName } from "../model/grpc-status.ts";
import type { OtherSignal } from "../model/signal.ts";
import { isAnswerTooLong } from "./grpc-outcome.ts";
import { type HttpAnswer, MAX_ANSWER_BYTES } from "./http-sender.ts";
import { readErrorMessage } from "./otlp-answer.ts";
import { htmlWarning, isHtml, quote, withDetail } from "./outcome.ts";

/**
 * What becomes of a forwarded request by its HTTP answer. Unlike spans, which wait in the log, it is the sender's to
 * repeat: what may be retried is what the OTLP specification says, and nothing else.
 */
export function forwardedOverHttp(answer: HttpAnswer, signal: OtherSignal): ForwardOutcome {
  if (answer.type === "failed") return { type: "retry", reason: answer.reason };
  const { status, retryAfterMs, location, contentType, body, tooLong } = answer;
  if (status >= 200 && status < 300) {
    if (isHtml(contentType)) return { type: "taken", rejected: 0, message: htmlWarning(status) };
    return taken(tooLong ? undefined : partialOf(body, /\bjson\b/i.test(contentType) ? signal : undefined));
  }
  const detail = location === undefined ? readErrorMessage(body) : `redirect to ${quote(location)} not followed`;
  const reason = withDetail(`HTTP ${status}`, detail);
  if (!isRetryableHttpStatus(status)) return { type: "refused", code: CODE_OF_HTTP.get(status) ?? REFUSED, reason };
  return { type: "retry", reason, overloaded: status === 429, ...asked(retryAfterMs) };
}

/** Likewise by what a gRPC call came to: an answer, or the error. */
export function forwardedOverGrpc(error: ServiceError | null, body: Uint8Array | undefined): ForwardOutcome {
  if (error === null) return taken(partialOf(body ?? new Uint8Array(0)));
  if (isAnswerTooLong(error)) {
    return { type: "taken", rejected: 0, message: `gRPC answer longer than ${MAX_ANSWER_BYTES} bytes` };
  }
  const reason = withDetail(`gRPC ${grpcStatusName(error.code)}`, quote(error.details || error.message));
  const retryAfterMs = retryDelayOfTrailer(error.metadata?.get("grpc-status-details-bin")[0]);
  if (!isRetryableGrpcStatus(error.code, retryAfterMs !== undefined)) {
    return { type: "refused", code: CODE_OF_GRPC.get(error.code) ?? REFUSED, reason };
  }
  return {
    type: "retry",
    reason,
    overloaded: error.code === GRPC_STATUS.resource_exhausted,
    ...asked(retryAfterMs),
  };
}

/**
 * The request's message as gRPC has it.
 * @returns a refusal where it came as JSON that cannot be written so
 */
export function protobufOf({
  signal,
  format,
  body,
  hold,
}: SignalRequest): { readonly body: Uint8Array } | ForwardOutcome {
  if (format === "otlp_protobuf") return { body };
  if (body.length > MAX_TRANSCODED_BYTES) {
    const reason =
      `JSON of ${body.length} bytes is not written anew as protobuf, which gRPC needs; at most ` +
      `${MAX_TRANSCODED_BYTES} bytes are. Send protobuf or smaller requests, or forward by an exporter otlp_http`;
    return { type: "refused", code: "too_large", reason };
  }
  try {
    hold(body.length);
    return { body: signalFromJson(signal, body) };
  } catch (error) {
    if (error instanceof DecodeError) return { type: "refused", code: "malformed", reason: error.message };
    if (error instanceof RetryableError) return { type: "retry", reason: error.message, overloaded: true };
    throw error;
  }
}

/** Longest JSON that is written anew, on the thread that listens. gRPC servers take 4 MiB. */
const MAX_TRANSCODED_BYTES = 4 * 1024 * 1024;

/** For what speaks of the destination or of the collector's config, and not of the bytes. */
const REFUSED: ErrorCode = "destination_refused";

const CODE_OF_HTTP: ReadonlyMap<number, ErrorCode> = new Map([
  [400, "malformed"],
  [413, "too_large"],
  [415, "unsupported_media_type"],
  [422, "malformed"],
]);

const CODE_OF_GRPC: ReadonlyMap<number, ErrorCode> = new Map([
  [GRPC_STATUS.invalid_argument, "malformed"],
  [GRPC_STATUS.resource_exhausted, "too_large"],
]);

function asked(retryAfterMs: number | undefined): { readonly afterMs?: number } {
  return retryAfterMs === undefined ? {} : { afterMs: Math.min(retryAfterMs, MAX_ASKED_MS) };
}

function taken(partial: PartialSuccess | undefined): ForwardOutcome {
  return { type: "taken", rejected: partial?.rejectedSpans ?? 0, message: quote(partial?.errorMessage ?? "") };
}

/**
 * Undefined for a full success, and for a body that is none of ours: it takes nothing back.
 * @param json the signal, where the body is JSON
 */
function partialOf(body: Uint8Array, json?: OtherSignal): PartialSuccess | undefined {
  try {
    if (json === undefined) return decodeExportResponse(body);
    return parseExportResponseJson(Buffer.from(body).toString(), json);
  } catch {
    return undefined;
  }
}
