import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { encodeExportResponse } from "../codec/otlp/message/export-response.ts";
import { exportResponseJson, type PartialSuccess } from "../codec/otlp/message/export-response-json.ts";
import { encodeRpcStatus, type RpcStatus, rpcStatusJson } from "../codec/rpc/status.ts";
import { retryAfterSeconds } from "../server/error-status.ts";
import { cutMessage } from "./partial-success.ts";

export const MEDIA_TYPES = { otlp_protobuf: "application/x-protobuf", otlp_json: "application/json" } as const;
export type OtlpFormat = keyof typeof MEDIA_TYPES;

/** How long a refused sender may go on sending before its connection is cut, ms. */
const LINGER_MS = 2_000;

/** 200 with ExportTraceServiceResponse in the request's encoding. */
export function answerExport(
  response: ServerResponse,
  format: OtlpFormat,
  partial: PartialSuccess | undefined,
  headers: OutgoingHttpHeaders,
): void {
  const body = format === "otlp_json" ? exportResponseJson(partial) : encodeExportResponse(partial);
  send(response, 200, format, body, headers);
}

/** 200 with a body that is in the request's encoding already. */
export function answerBody(
  response: ServerResponse,
  format: OtlpFormat,
  body: string | Uint8Array,
  headers: OutgoingHttpHeaders,
): void {
  send(response, 200, format, body, headers);
}

/** An error with google.rpc.Status in the request's encoding, and Retry-After where the status has RetryInfo. */
export function answerStatus(
  response: ServerResponse,
  httpStatus: number,
  format: OtlpFormat,
  status: RpcStatus,
  headers: OutgoingHttpHeaders = {},
): void {
  const cut = { ...status, message: cutMessage(status.message) };
  const retry =
    status.retryDelayMs === undefined ? {} : { "retry-after": String(retryAfterSeconds(status.retryDelayMs)) };
  const body = format === "otlp_json" ? rpcStatusJson(cut) : encodeRpcStatus(cut);
  send(response, httpStatus, format, body, { ...headers, ...retry });
}

function send(
  response: ServerResponse,
  httpStatus: number,
  format: OtlpFormat,
  body: string | Uint8Array,
  headers: OutgoingHttpHeaders,
): void {
  if (response.destroyed || response.headersSent) return;
  const request = response.req;
  const unread = !request.complete;
  response.writeHead(httpStatus, {
    ...headers,
    "content-type": MEDIA_TYPES[format],
    "content-length": Buffer.byteLength(body),
    ...(unread && request.headers.expect !== undefined ? { connection: "close" } : {}),
  });
  // Headers with nothing behind them go out as one string, with a body as a list of chunks.
  if (body.length === 0) response.end();
  else response.end(body);
  if (!unread) return;
  // Closing with unread bytes would reset the connection and could take the answer with it: read on and throw away.
  // A sender that was never told to go on sends no body, and its next request would be taken for one: that is closed.
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
  timer.unref();
  request.once("close", () => clearTimeout(timer));
}
