import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { REFUSAL_STATUS } from "../component/access.ts";
import { PermanentError, RetryableError } from "../component/errors.ts";
import type { BatchSink } from "../component/ingest.ts";
import type { Logger } from "../component/logger.ts";
import { stackOf } from "../component/reasons.ts";
import type { RequestBudget, Reservation } from "../component/receiver.ts";
import type { OtherSignal } from "../model/signal.ts";
import { requestSource, shownReason } from "../server/admission/admitted.ts";
import type { AnswerRefused } from "../server/admission/http-gate.ts";
import { AnsweredByListener } from "../server/client-error.ts";
import { answerOf } from "../server/error-status.ts";
import type { HttpHandler } from "../server/http-listener.ts";
import { grpcStatusOfHttp } from "../server/http-status.ts";
import { expectedGrowth, TAKEN_ENCODINGS } from "../server/inflate.ts";
import { assertDeclaredLength, readBody } from "../server/read-body.ts";
import { encodingOf, quoted, senderOf } from "./http-checks.ts";
import { MAX_OTHER_BYTES, type OtherSignals } from "./other-signals.ts";
import { answerBody, answerExport, answerStatus, MEDIA_TYPES, type OtlpFormat } from "./otlp-http-answer.ts";
import { checkRequest, type OtlpHttpRules } from "./otlp-http-check.ts";
import { partialSuccessOf } from "./partial-success.ts";
import type { ReceiverMetrics } from "./receiver-metrics.ts";
import type { RefusalLog } from "./refusal-log.ts";

export interface OtlpHttpOptions extends OtlpHttpRules {
  readonly sink: BatchSink;
  readonly inFlight: RequestBudget;
  /** Limit on a body as it comes and again once inflated, bytes. */
  readonly maxBytes: number;
  readonly metrics: ReceiverMetrics;
  readonly refusals: RefusalLog;
  readonly others: OtherSignals;
  /** Why the collector cannot take spans now. */
  readonly notReady?: (() => string | undefined) | undefined;
  readonly logger: Logger;
}

/** A request that may be read, and how it is answered. */
interface Passed {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: "traces" | OtherSignal;
  /** For every answer. */
  readonly headers: OutgoingHttpHeaders;
  /** Undefined where its type is neither. */
  readonly format: OtlpFormat | undefined;
}

/**
 * OTLP/HTTP for traces (opentelemetry-proto's specification 1.11, "OTLP/HTTP"): reads a request and hands its
 * bytes on undecoded. Every answer but a success is a google.rpc.Status in the request's encoding, JSON where the
 * request's is neither.
 */
export function createOtlpHttpHandler(options: OtlpHttpOptions): HttpHandler {
  return (request, response) => {
    const checked = checkRequest(request, options);
    if (checked.type === "preflight") {
      response.writeHead(204, checked.headers).end();
      return;
    }
    const headers = checked.type === "health" ? {} : checked.headers;
    const format = formatOf(request.headers["content-type"], checked.type === "pass" && checked.fromPage);
    if (checked.type === "pass") {
      void take({ request, response, signal: checked.signal, headers, format }, options);
      return;
    }
    if (checked.type === "health") {
      answerHealth(response, checked.path, shownReason(request, options.notReady?.()));
      return;
    }
    const { status, refusal } = checked;
    options.refusals.refused(refusal, senderOf(request));
    const rpc = { code: grpcStatusOfHttp(status), message: refusal.message };
    answerStatus(response, status, format ?? "otlp_json", rpc, headers);
  };
}

/** A sender that access control does not let in is told in the form that it expects. */
export const answerSenderNotAdmitted: AnswerRefused = (request, response, refusal) => {
  const format = formatOf(request.headers["content-type"], false) ?? "otlp_json";
  const { status, message, headers } = refusal;
  answerStatus(response, status, format, { code: REFUSAL_STATUS[refusal.reason].grpc, message }, { ...headers });
};

/** As the UI port answers it; this port is served by a thread that searches nothing. */
function answerHealth(response: ServerResponse, path: string, notReady: string | undefined): void {
  const [status, text] = path === "/healthz" ? [200, "ok"] : [notReady === undefined ? 200 : 503, notReady ?? "ready"];
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}

async function take(passed: Passed, options: OtlpHttpOptions): Promise<void> {
  const { request, response, signal, headers } = passed;
  let reservation: Reservation | undefined;
  try {
    const format = passed.format ?? unknownType(request.headers["content-type"]);
    const encoding = encodingOf(request.headers["content-encoding"]);
    const maxBytes = signal === "traces" ? options.maxBytes : Math.min(options.maxBytes, MAX_OTHER_BYTES);
    assertDeclaredLength(request, maxBytes);
    const from = requestSource(request);
    options.inFlight.assertRoom(from);
    reservation = options.inFlight.take(0, from);
    if (request.headers.expect !== undefined) response.writeContinue();
    const bytes = await readBody(request, maxBytes, reservation);
    const size = bytes.length;
    if (signal !== "traces") {
      const body = await options.others.answer(signal, bytes, format, encoding, reservation);
      options.metrics.taken({ accepted: 0, rejected: 0, message: "" }, size);
      answerBody(response, format, body, headers);
      return;
    }
    if (size === 0 && format === "otlp_protobuf" && encoding === "identity") {
      options.metrics.taken({ accepted: 0, rejected: 0, message: "" }, 0);
      answerExport(response, format, undefined, headers);
      return;
    }
    reservation.grow(expectedGrowth(bytes, encoding, options.maxBytes));
    const result = await options.sink.append({
      format,
      encoding,
      bytes,
      maxBytes: options.maxBytes,
      receivedAtMs: Date.now(),
      source: "otlp_http",
    });
    options.metrics.taken(result, size);
    answerExport(response, format, partialSuccessOf(result), headers);
  } catch (error) {
    fail(error, passed, options);
  } finally {
    reservation?.release();
  }
}

function fail(error: unknown, { request, response, headers, format }: Passed, options: OtlpHttpOptions): void {
  if (error instanceof AnsweredByListener) return;
  const answer = answerOf(error);
  options.refusals.refused({ reason: answer.reason, message: answer.rpc.message }, senderOf(request));
  if (!(error instanceof RetryableError || error instanceof PermanentError)) {
    options.logger.error("an OTLP/HTTP request failed", {
      error: stackOf(error),
    });
  }
  const accept = answer.httpStatus === 415 ? { "accept-encoding": TAKEN_ENCODINGS.join(", ") } : {};
  answerStatus(response, answer.httpStatus, format ?? "otlp_json", answer.rpc, { ...headers, ...accept });
}

/**
 * By media type alone; parameters such as charset and the case do not matter. A page's `sendBeacon` calls a text
 * `text/plain`, and can say nothing else.
 */
function formatOf(contentType: string | undefined, fromPage: boolean): OtlpFormat | undefined {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (type === MEDIA_TYPES.otlp_protobuf) return "otlp_protobuf";
  return type === MEDIA_TYPES.otlp_json || (fromPage && type === "text/plain") ? "otlp_json" : undefined;
}

function unknownType(contentType: string | undefined): never {
  throw new PermanentError(
    "unsupported_media_type",
    `Content-Type ${contentType === undefined ? "is missing" : `${quoted(contentType)} is not supported`}; ` +
      "expected application/x-protobuf or application/json",
  );
}
