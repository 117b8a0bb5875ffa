import type { PartialSuccess } from "../codec/otlp/export-response-json.ts";
import type { AppendResult } from "../component/ingest.ts";

/** Undefined for a full success: OTLP wants `partial_success` unset then. A message alone is a warning. */
export function partialSuccessOf(result: AppendResult): PartialSuccess | undefined {
  if (result.rejected === 0 && result.message === "") return undefined;
  return { rejectedSpans: result.rejected, errorMessage: result.message };
}
