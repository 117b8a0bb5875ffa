import { finishHash, HASH_SEED, hashByte, hashBytes } from "../../../model/attribute-hash.ts";
import { LINK_TRACE_KEY } from "../../../model/trace-query.ts";

const PRIME = 0x01000193;
const DIGITS = new TextEncoder().encode("0123456789abcdef");
const KEY = new TextEncoder().encode(LINK_TRACE_KEY);
const SEED = hashByte(hashBytes(HASH_SEED, KEY, 0, KEY.length), 0);

/** `attributeHash(LINK_TRACE_KEY, hex)` of the 16 bytes of a link's trace id that begin at `start`, as int32. */
export function linkHash(body: Uint8Array, start: number): number {
  let hash = SEED;
  for (let i = start; i < start + 16; i++) {
    const byte = body[i] as number;
    hash = Math.imul(hash ^ (DIGITS[byte >> 4] as number), PRIME);
    hash = Math.imul(hash ^ (DIGITS[byte & 15] as number), PRIME);
  }
  return finishHash(hash) | 0;
}
