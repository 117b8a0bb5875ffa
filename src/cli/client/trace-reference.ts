import { PermanentError } from "../../component/errors.ts";
import { parseTraceReference, type TraceReference } from "../../model/trace-reference.ts";

const EXPECTED =
  "expected a trace id or its first digits in hex, base64 or as a UUID, a traceparent header, or a link to the trace";

/** @throws PermanentError `bad_request` for what names no trace */
export function requireTraceReference(text: string): TraceReference {
  const found = parseTraceReference(text);
  if (found === undefined) throw new PermanentError("bad_request", `${text}: ${EXPECTED}`);
  return found;
}

/** The id in its stored form, of a reference that is no beginning of one. */
export function wholeId({ digits }: TraceReference): string {
  return digits.padStart(32, "0");
}
