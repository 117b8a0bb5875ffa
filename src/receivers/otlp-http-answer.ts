import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { encodeExportResponse } from "../codec/otlp/message/export-response.ts";
import { exportResponseJson, type PartialSuccess } from "../codec/otlp/message/export-response-json.ts";
import { encodeRpcStatus, type RpcStatus, rpcStatusJson } from "../codec/rpc/status.ts";
import { retryAfterSeconds } from "../server/error-status.ts";
import { sendAnswer } from "./http-answer.ts";
import { cutMessage } from "./partial-success.ts";

export const MEDIA_TYPES = { otlp_protobuf: "application/x-protobuf", otlp_json: "application/json" } as const;
export type OtlpFormat = keyof typeof MEDIA_TYPES;

/** 200 with ExportTraceServiceResponse in the request's encoding. */
export function answerExport(
  response: ServerResponse,
  format: OtlpFormat,
  partial: PartialSuccess | undefined,
  headers: OutgoingHttpHeaders,
): void {
  const body = format === "otlp_json" ? exportResponseJson(partial) : encodeExportResponse(partial);
  sendAnswer(response, 200, MEDIA_TYPES[format], body, headers);
}

/** 200 with a body that is in the request's encoding already. */
export function answerBody(
  response: ServerResponse,
  format: OtlpFormat,
  body: string | Uint8Array,
  headers: OutgoingHttpHeaders,
): void {
  sendAnswer(response, 200, MEDIA_TYPES[format], body, headers);
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
  sendAnswer(response, httpStatus, MEDIA_TYPES[format], body, { ...headers, ...retry });
}
