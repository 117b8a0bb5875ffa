import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { GRPC_STATUS } from "../../model/grpc-status.ts";
import { headerValues } from "../message/headers.ts";
import type { Refusal } from "../message/request-guard.ts";
import { discardBody } from "../message/response.ts";
import type { UpstreamFailure } from "../upstream/errors.ts";
import type { GrpcOutcome } from "./grpc-spans.ts";

const MAX_MESSAGE_CHARS = 1_024;

/** A failure of a call. */
export interface GrpcFailure extends UpstreamFailure {
  /** The code with which the upstream itself ended the stream. Undefined where it did not. */
  readonly reset?: number | undefined;
}

/**
 * Ends a call with the proxy's own words. They are headers alone ("Trailers-Only" of the protocol), or trailers where
 * the response has begun.
 */
export function respondWithGrpcStatus(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  code: number,
  message: string,
): void {
  const { stream } = response;
  if (response.writableEnded || stream === undefined || stream.destroyed) return;
  const status = { "grpc-status": String(code), "grpc-message": encodeURI(message) };
  if (response.headersSent) {
    response.addTrailers(status);
    response.end();
  } else {
    stream.respond({ ":status": 200, "content-type": "application/grpc", ...status }, { endStream: true });
  }
  discardBody(request);
}

/** How the call ended, read from headers or trailers. */
export function outcomeOf(rawHeaders: readonly string[], status: number): GrpcOutcome {
  const [text] = headerValues(rawHeaders, "grpc-status");
  const code = text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  const encoded = (headerValues(rawHeaders, "grpc-message")[0] ?? "").slice(0, MAX_MESSAGE_CHARS);
  return { code, message: decoded(encoded), status };
}

/** The code that a caller's client makes of a failure. */
export function statusOfFailure({ type, reset }: GrpcFailure): number {
  if (type === "no_http2") return GRPC_STATUS.unimplemented;
  switch (reset) {
    case undefined:
    case constants.NGHTTP2_REFUSED_STREAM:
      return GRPC_STATUS.unavailable;
    case constants.NGHTTP2_CANCEL:
      return GRPC_STATUS.cancelled;
    case constants.NGHTTP2_ENHANCE_YOUR_CALM:
      return GRPC_STATUS.resource_exhausted;
    case constants.NGHTTP2_INADEQUATE_SECURITY:
      return GRPC_STATUS.permission_denied;
    default:
      return GRPC_STATUS.internal;
  }
}

/** The code for what the proxy refuses before any route takes it. */
export function statusOfRefusal({ status }: Refusal): number {
  return status === 404 || status === 421 ? GRPC_STATUS.unimplemented : GRPC_STATUS.internal;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
