import { MessageType } from "../../rpc/definitions.ts";
import { wellFormed } from "../../utf8.ts";
import type { PartialSuccess } from "./export-response-json.ts";

const responseType = new MessageType<{ readonly partialSuccess: PartialSuccess | null }>(
  "opentelemetry/proto/collector/trace/v1/trace_service.proto",
  "opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse",
);

/** A full success is an empty message: nearly every answer, so it is not made anew. */
const SUCCESS = new Uint8Array(0);

export function encodeExportResponse(partial: PartialSuccess | undefined): Uint8Array<ArrayBuffer> {
  if (partial === undefined) return SUCCESS;
  const { rejectedSpans, errorMessage } = partial;
  return responseType.encode({ partialSuccess: { rejectedSpans, errorMessage: wellFormed(errorMessage) } });
}

/** How the OpenTelemetry Collector says that all is well: a partial success of nothing. */
const NOTHING: PartialSuccess = { rejectedSpans: 0, errorMessage: "" };

/** @throws DecodeError for bytes that are no message */
export function decodeExportResponse(bytes: Uint8Array): PartialSuccess | undefined {
  if (bytes.length === 0) return undefined;
  if (bytes.length === 2 && bytes[0] === 0x0a && bytes[1] === 0) return NOTHING;
  return responseType.decode(bytes).partialSuccess ?? undefined;
}
