const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower-case hex of `length` bytes from `start`. */
export function bytesToHex(bytes: Uint8Array, start = 0, length = bytes.length - start): string {
  let text = "";
  for (let i = start; i < start + length; i++) text += HEX[bytes[i] as number];
  return text;
}

/** Bytes of a hex text of even length; undefined where it holds anything else. */
export function hexToBytes(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = hexDigit(text.charCodeAt(i * 2));
    const low = hexDigit(text.charCodeAt(i * 2 + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

/** -1 for what is none. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

/**
 * A trace id as a person or an API gives it: 1 to 32 hex digits of either case, left-padded with zeros as Jaeger does.
 * Undefined for anything else and for the all-zero id (W3C Trace Context §3.2.2.3).
 */
export function parseTraceId(text: string): Uint8Array | undefined {
  if (text.length === 0 || text.length > 32) return undefined;
  const bytes = hexToBytes(text.padStart(32, "0"));
  return bytes?.some((byte) => byte !== 0) ? bytes : undefined;
}

/** A span id: 1 to 16 hex digits, left-padded; undefined for anything else and for all zero. */
export function parseSpanId(text: string): Uint8Array | undefined {
  if (text.length === 0 || text.length > 16) return undefined;
  const bytes = hexToBytes(text.padStart(16, "0"));
  return bytes?.some((byte) => byte !== 0) ? bytes : undefined;
}

/**
 * Which bytes of a trace id say what trace a span is of: all from 0 on, or those from 8 on, where an id of 64 bits and
 * one of 128 whose lower half it is name one trace. Zipkin calls these strict and not strict.
 */
export type TraceKeyStart = 0 | 8;

/** `strict`: as the setting `storage.strict_trace_id`; absent is true. */
export function traceKeyStart(strict: boolean | undefined): TraceKeyStart {
  return strict === false ? 8 : 0;
}

/** The id of 16 bytes that begins at `at`, a character a byte; equal for ids of one trace, with zeros before `from`. */
export function traceKey(ids: Buffer, at: number, from: TraceKeyStart): string {
  const text = ids.toString("latin1", at + from, at + 16);
  return from === 0 ? text : text.padStart(16, "\0");
}
