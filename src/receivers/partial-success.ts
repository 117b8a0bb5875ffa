import type { PartialSuccess } from "../codec/otlp/message/export-response-json.ts";
import { wellFormed } from "../codec/utf8.ts";
import type { AppendResult } from "../component/ingest.ts";

/** An answer stays far below the 4 MiB that a sender reads; a message that repeats what came in must not break that. */
const MAX_MESSAGE_CHARS = 8_192;

/** Undefined for a full success: OTLP wants `partial_success` unset then. A message alone is a warning. */
export function partialSuccessOf(result: AppendResult): PartialSuccess | undefined {
  if (result.rejected === 0 && result.message === "") return undefined;
  return { rejectedSpans: result.rejected, errorMessage: cutMessage(result.message) };
}

/** The message as an answer may have it: one that goes on ends with `…`. */
export function cutMessage(message: string): string {
  if (message.length <= MAX_MESSAGE_CHARS) return message;
  return `${wellFormed(message.slice(0, MAX_MESSAGE_CHARS - 1))}…`;
}
