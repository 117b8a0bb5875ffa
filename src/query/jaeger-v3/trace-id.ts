import { bytesToHex, parseTraceId } from "../../model/ids.ts";
import { malformed } from "./error-body.ts";

/** 8 or 16 bytes, padded or not, in either alphabet (RFC 4648 §4 and §5). */
const BASE64 = /^(?:[\w+/-]{11}=?|[\w+/-]{22}(?:==)?)$/;

/**
 * A trace id as api_v3's clients write it: 1 to 32 hex digits, or base64 of 8 or 16 bytes, which protobuf's JSON has.
 * What can be read as both is hex.
 * @returns 32 lower-case hex digits
 * @throws PermanentError `bad_request` for anything else, and for all zeros
 */
export function requireAnyTraceId(text: string, name: string): string {
  const bytes = parseTraceId(text) ?? (BASE64.test(text) ? parseTraceId(hexOfBase64(text)) : undefined);
  if (bytes === undefined) {
    throw malformed(name, text, "a trace id of 1 to 32 hex digits, or base64 of 8 or 16 bytes, not all zero");
  }
  return bytesToHex(bytes);
}

function hexOfBase64(text: string): string {
  return Buffer.from(text, "base64").toString("hex");
}
