import { FieldWriter, readFields } from "../rpc/message-fields.ts";
import { utf8Text } from "../utf8.ts";

/**
 * opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse { partial_success = 1 } with
 * ExportTracePartialSuccess { rejected_spans = 1, error_message = 2 }.
 */
export interface PartialSuccess {
  readonly rejectedSpans: number;
  readonly errorMessage: string;
}

export function encodeExportResponse(partial: PartialSuccess | undefined): Uint8Array<ArrayBuffer> {
  if (partial === undefined) return new Uint8Array(0);
  const body = new FieldWriter().varint(1, partial.rejectedSpans).string(2, partial.errorMessage);
  return new FieldWriter().message(1, body.finish()).finish();
}

/** @throws DecodeError for bytes that are no message */
export function decodeExportResponse(bytes: Uint8Array): PartialSuccess | undefined {
  let partial: PartialSuccess | undefined;
  for (const entry of readFields(bytes)) {
    if (entry.field !== 1 || entry.type !== "bytes") continue;
    let { rejectedSpans, errorMessage } = partial ?? { rejectedSpans: 0, errorMessage: "" };
    for (const part of readFields(entry.value)) {
      if (part.field === 1 && part.type === "varint") rejectedSpans = part.value;
      if (part.field === 2 && part.type === "bytes") errorMessage = utf8Text(part.value, 0, part.value.length);
    }
    partial = { rejectedSpans, errorMessage };
  }
  return partial;
}

/** OTLP/JSON: lowerCamelCase, 64-bit integers as strings. */
export function exportResponseJson(partial: PartialSuccess | undefined): string {
  if (partial === undefined) return "{}";
  const rejected = partial.rejectedSpans === 0 ? {} : { rejectedSpans: String(partial.rejectedSpans) };
  return JSON.stringify({ partialSuccess: { ...rejected, errorMessage: partial.errorMessage } });
}

/** @throws SyntaxError for text that is no JSON object. */
export function parseExportResponseJson(text: string): PartialSuccess | undefined {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null) throw new SyntaxError("the answer must be a JSON object");
  const { partialSuccess } = parsed as { partialSuccess?: unknown };
  if (typeof partialSuccess !== "object" || partialSuccess === null) return undefined;
  const { rejectedSpans, errorMessage } = partialSuccess as { rejectedSpans?: unknown; errorMessage?: unknown };
  return {
    rejectedSpans: Number(rejectedSpans ?? 0) || 0,
    errorMessage: typeof errorMessage === "string" ? errorMessage : "",
  };
}
