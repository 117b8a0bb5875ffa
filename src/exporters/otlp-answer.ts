import { decodeExportResponse } from "../codec/otlp/message/export-response.ts";
import type { PartialSuccess } from "../codec/otlp/message/export-response-json.ts";
import { decodeRpcStatus } from "../codec/rpc/status.ts";
import type { ExportOutcome } from "../component/export.ts";
import { quote } from "./outcome.ts";

/**
 * What a success answer says. A populated partial success is final: what was rejected must not be sent again (OTLP
 * specification, "Partial Success"). A message without rejected spans is a warning about spans that were taken.
 */
export function readExportAnswer(body: Uint8Array): ExportOutcome {
  let partial: PartialSuccess | undefined;
  try {
    partial = decodeExportResponse(body);
  } catch {
    // The peer said success in its status; a body that is none of ours takes nothing back.
  }
  const { rejectedSpans = 0, errorMessage = "" } = partial ?? {};
  const reason = quote(errorMessage) || "partial success";
  if (rejectedSpans > 0) return { type: "rejected", count: rejectedSpans, reason };
  return errorMessage === "" ? { type: "delivered" } : { type: "delivered", warning: reason };
}

/** The words in an OTLP/HTTP error body, which is a google.rpc.Status, or the text of a proxy in between. */
export function readErrorMessage(body: Uint8Array): string {
  let message = "";
  try {
    message = decodeRpcStatus(body).message;
  } catch {
    // No Status: the body is quoted as it is.
  }
  return quote(message === "" ? body : message);
}
