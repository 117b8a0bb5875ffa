import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { PermanentError, RetryableError } from "../component/errors.ts";
import type { BatchEncoding, BatchSink } from "../component/ingest.ts";
import type { Logger } from "../component/logger.ts";
import { stackOf } from "../component/reasons.ts";
import type { RequestBudget, Reservation } from "../component/receiver.ts";
import type { Cors } from "../server/cors.ts";
import { answerOf } from "../server/error-status.ts";
import { isAllowedHost } from "../server/host-check.ts";
import type { HttpHandler } from "../server/http-listener.ts";
import { grpcStatusOfHttp } from "../server/http-status.ts";
import { declaredSize } from "../server/inflate.ts";
import { assertDeclaredLength, readBody } from "../server/read-body.ts";
import { answerExport, answerStatus, MEDIA_TYPES, type OtlpFormat } from "./otlp-http-answer.ts";
import { partialSuccessOf } from "./partial-success.ts";
import type { ReceiverMetrics } from "./receiver-metrics.ts";

export interface OtlpHttpOptions {
  readonly sink: BatchSink;
  readonly inFlight: RequestBudget;
  readonly cors: Cors;
  /** Limit on a body as it comes and again once inflated, bytes. */
  readonly maxBytes: number;
  readonly tracesPath: string;
  /** Host names to answer beside localhost and IP addresses; undefined answers every name. */
  readonly allowedHosts: readonly string[] | undefined;
  /** Path of the settings, for what a refusal names: `receivers.otlp.protocols.http`. */
  readonly configPath: string;
  readonly metrics: ReceiverMetrics;
  readonly logger: Logger;
}

/**
 * OTLP/HTTP for traces (opentelemetry-proto's specification 1.11, "OTLP/HTTP"): reads a request and hands its
 * bytes on undecoded. Every answer but a success is a google.rpc.Status in the request's encoding, JSON where the
 * request's is neither.
 */
export function createOtlpHttpHandler(options: OtlpHttpOptions): HttpHandler {
  return (request, response) => {
    const format = formatOf(request.headers["content-type"]);
    const refusal = checkRequest(request, options);
    if (refusal !== undefined) {
      if (refusal.status === 204) {
        response.writeHead(204, refusal.headers).end();
        return;
      }
      options.metrics.refused(refusal.reason);
      const rpc = { code: grpcStatusOfHttp(refusal.status), message: refusal.message };
      answerStatus(response, refusal.status, format ?? "otlp_json", rpc, refusal.headers);
      return;
    }
    const verdict = options.cors.check(request.method ?? "", request.headers);
    const headers = verdict.type === "allowed" ? verdict.headers : {};
    void take(request, response, headers, format, options);
  };
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  headers: OutgoingHttpHeaders,
  knownFormat: OtlpFormat | undefined,
  options: OtlpHttpOptions,
): Promise<void> {
  let reservation: Reservation | undefined;
  try {
    const format = knownFormat ?? unknownType(request.headers["content-type"]);
    const encoding = encodingOf(request.headers["content-encoding"]);
    assertDeclaredLength(request, options.maxBytes);
    options.inFlight.assertRoom();
    reservation = options.inFlight.take(0);
    if (request.headers.expect !== undefined) response.writeContinue();
    const bytes = await readBody(request, options.maxBytes, reservation);
    const size = bytes.length;
    if (size === 0 && format === "otlp_protobuf" && encoding === "identity") {
      options.metrics.taken({ accepted: 0, rejected: 0, message: "" }, 0);
      answerExport(response, format, undefined, headers);
      return;
    }
    if (encoding === "gzip") reservation.grow(Math.min(declaredSize(bytes), options.maxBytes));
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
    fail(error, response, headers, knownFormat ?? "otlp_json", options);
  } finally {
    reservation?.release();
  }
}

function fail(
  error: unknown,
  response: ServerResponse,
  headers: OutgoingHttpHeaders,
  format: OtlpFormat,
  options: OtlpHttpOptions,
): void {
  const answer = answerOf(error);
  options.metrics.refused(answer.reason);
  if (!(error instanceof RetryableError || error instanceof PermanentError)) {
    options.logger.error("an OTLP/HTTP request failed", {
      error: stackOf(error),
    });
  }
  const accept = answer.httpStatus === 415 ? { "accept-encoding": "gzip, deflate, identity" } : {};
  answerStatus(response, answer.httpStatus, format, answer.rpc, { ...headers, ...accept });
}

interface Refusal {
  /** 204 is an answered preflight. */
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly headers: OutgoingHttpHeaders;
}

/** What the request line and headers alone decide, in the order that tells a sender most. */
function checkRequest(request: IncomingMessage, options: OtlpHttpOptions): Refusal | undefined {
  const { method = "", headers } = request;
  const refuse = (status: number, reason: string, message: string, extra: OutgoingHttpHeaders = {}): Refusal => ({
    status,
    reason,
    message,
    headers: extra,
  });
  if (options.allowedHosts !== undefined && !isAllowedHost(headers.host, options.allowedHosts)) {
    const allowed = ["localhost", "IP addresses", ...options.allowedHosts].join(", ");
    return refuse(
      421,
      "host",
      `this listener does not answer for the host ${quote(headers.host)}; it answers for ${allowed}`,
    );
  }
  const path = (request.url ?? "").split("?", 1)[0] as string;
  if (path !== options.tracesPath) return refuse(404, "path", unknownPath(path, options.tracesPath));
  const verdict = options.cors.check(method, headers);
  if (verdict.type === "refused") {
    return refuse(
      403,
      "origin",
      `the origin ${quote(verdict.origin)} is not among ${options.configPath}.cors.allowed_origins`,
    );
  }
  if (verdict.type === "preflight") return refuse(204, "preflight", "", verdict.headers);
  if (method !== "POST") {
    return refuse(405, "method", `${method} is not allowed on ${path}; send POST`, { allow: "POST" });
  }
  if (headers["content-length"] === undefined && headers["transfer-encoding"] === undefined) {
    return refuse(411, "length", "the request has neither Content-Length nor Transfer-Encoding: chunked");
  }
  return undefined;
}

function unknownPath(path: string, tracesPath: string): string {
  const signal = /^\/v1(?:development)?\/(logs|metrics|profiles)$/.exec(path)?.[1];
  if (signal !== undefined) {
    return `spanloom takes traces only, no ${signal}: send traces to ${tracesPath} and ${signal} to another collector`;
  }
  return `nothing is served at ${quote(path)}; OTLP traces are taken at POST ${tracesPath}`;
}

/** By media type alone; parameters such as charset and the case do not matter. */
function formatOf(contentType: string | undefined): OtlpFormat | undefined {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (type === MEDIA_TYPES.otlp_protobuf) return "otlp_protobuf";
  return type === MEDIA_TYPES.otlp_json ? "otlp_json" : undefined;
}

function unknownType(contentType: string | undefined): never {
  throw new PermanentError(
    "unsupported_media_type",
    `Content-Type ${contentType === undefined ? "is missing" : `${quote(contentType)} is not supported`}; ` +
      "expected application/x-protobuf or application/json",
  );
}

function encodingOf(contentEncoding: string | undefined): BatchEncoding {
  const encoding = contentEncoding?.trim().toLowerCase() ?? "";
  if (encoding === "" || encoding === "identity") return "identity";
  if (encoding === "gzip" || encoding === "x-gzip") return "gzip";
  if (encoding === "deflate") return "deflate";
  throw new PermanentError(
    "unsupported_media_type",
    `Content-Encoding ${quote(contentEncoding)} is not supported; expected gzip, deflate or identity`,
  );
}

/** Text of the sender's in an answer: quoted, printable, short. */
function quote(text: string | undefined): string {
  return JSON.stringify((text ?? "").slice(0, 200));
}
