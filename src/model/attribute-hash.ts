import type { TraceKeyStart } from "./ids.ts";

/**
 * The 32-bit hash under which a block's bloom knows an attribute `key = value` and a trace id. The scanner computes it
 * from bytes, a query from text; both must agree, so both use the steps below. FNV-1a over the UTF-8 bytes of the key,
 * a zero byte, and the UTF-8 bytes of the value's text (see `anyValueText`), then a final avalanche.
 */
export const HASH_SEED = 0x811c9dc5;
const PRIME = 0x01000193;

/** One FNV-1a step; the result is a signed 32-bit integer. */
export function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, PRIME);
}

/** FNV-1a over a byte range. */
export function hashBytes(hash: number, bytes: Uint8Array, start: number, end: number): number {
  let h = hash;
  for (let i = start; i < end; i++) h = Math.imul(h ^ (bytes[i] as number), PRIME);
  return h;
}

/** Spreads the bits (murmur3's finaliser); an unsigned 32-bit integer. */
export function finishHash(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const encoder = new TextEncoder();

/** The hash of `key = text`, as the scanner computes it for the attribute in any scope of a span. */
export function attributeHash(key: string, text: string): number {
  const keyBytes = encoder.encode(key);
  const valueBytes = encoder.encode(text);
  let h = hashBytes(HASH_SEED, keyBytes, 0, keyBytes.length);
  h = hashByte(h, 0);
  return finishHash(hashBytes(h, valueBytes, 0, valueBytes.length));
}

/** The hash of the 16 bytes of a trace id that begin at `start`, or of those of them from `from` on. */
export function traceIdHash(bytes: Uint8Array, start = 0, from: TraceKeyStart = 0): number {
  return finishHash(hashBytes(HASH_SEED, bytes, start + from, start + 16));
}
