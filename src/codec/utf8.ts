/**
 * True when bytes[start, end) is well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF.
 */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const lead = bytes[at++] as number;
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4 || at >= end) return false;
    const second = bytes[at++] as number;
    if (lead < 0xe0) {
      if ((second & 0xc0) !== 0x80) return false;
      continue;
    }
    if (second < secondMin(lead) || second > secondMax(lead)) return false;
    const more = lead < 0xf0 ? 1 : 2;
    if (at + more > end) return false;
    for (let i = 0; i < more; i++) if (((bytes[at++] as number) & 0xc0) !== 0x80) return false;
  }
  return true;
}

function secondMin(lead: number): number {
  return lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
}

function secondMax(lead: number): number {
  return lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
}

const SHORT = 24;

/** The text of bytes[start, end); every ill-formed part becomes U+FFFD as the WHATWG decoder does it. */
export function utf8Text(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT) {
    let text = "";
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number;
      if (byte > 0x7f) return bufferText(bytes, start, end);
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return bufferText(bytes, start, end);
}

function bufferText(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}

/** `text` with every lone surrogate replaced by U+FFFD, as it would be after a way through UTF-8. */
export function wellFormed(text: string): string {
  return LONE_SURROGATE.test(text) ? text.replace(LONE_SURROGATES, "\ufffd") : text;
}

const LONE_SURROGATE = /\p{Surrogate}/u;
const LONE_SURROGATES = /\p{Surrogate}/gu;
