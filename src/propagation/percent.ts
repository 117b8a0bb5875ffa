const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Percent-decoding that never fails: an escape that is no two hex digits stays as it is, bytes that are no UTF-8 become
 * U+FFFD (W3C Baggage §3.3.1.3).
 */
export function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  const source = encoder.encode(text);
  const bytes = new Uint8Array(source.length);
  let length = 0;
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] as number;
    const high = byte === 0x25 ? hexDigit(source[i + 1]) : -1;
    const low = byte === 0x25 ? hexDigit(source[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      bytes[length++] = high * 16 + low;
      i += 2;
    } else {
      bytes[length++] = byte;
    }
  }
  return decoder.decode(bytes.subarray(0, length));
}

/** Percent-encodes every UTF-8 byte whose character `keep` does not match; `%` is always encoded. */
export function percentEncode(text: string, keep: RegExp): string {
  let encoded = "";
  for (const byte of encoder.encode(text)) {
    const character = String.fromCharCode(byte);
    const kept = byte < 0x80 && byte !== 0x25 && keep.test(character);
    encoded += kept ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}
