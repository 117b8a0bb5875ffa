import { hashByte } from "../../../model/attribute-hash.ts";

/** FNV-1a over an ASCII text. */
export function hashText(hash: number, text: string): number {
  let h = hash;
  for (let i = 0; i < text.length; i++) h = hashByte(h, text.charCodeAt(i));
  return h;
}

const TWO_32 = 0x1_0000_0000;
const ZERO = 48;
const MINUS = 45;

/** FNV-1a over the decimal text of an int64 given as its two unsigned halves; allocates only beyond 2^53. */
export function hashDigits(hash: number, low: number, high: number): number {
  if (high < 0x20_0000) return hashNatural(hash, high * TWO_32 + low);
  if (high >= 0xffe0_0001) return hashNatural(hashByte(hash, MINUS), (TWO_32 - 1 - high) * TWO_32 + (TWO_32 - low));
  return hashText(hash, BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)).toString());
}

function hashNatural(hash: number, value: number): number {
  let power = 1;
  while (power <= value / 10) power *= 10;
  let h = hash;
  let rest = value;
  while (power >= 1) {
    const digit = Math.floor(rest / power);
    h = hashByte(h, ZERO + digit);
    rest -= digit * power;
    power /= 10;
  }
  return h;
}
