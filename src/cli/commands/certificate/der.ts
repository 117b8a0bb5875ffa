/** ASN.1 in its distinguished encoding (X.690), as far as certificates need it. Each function gives one element. */

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;
/** Years from here on are written with four digits (RFC 5280, 4.1.2.5). */
const FOUR_DIGITS_FROM = 2050;

export function sequence(...parts: readonly Buffer[]): Buffer {
  return element(TAG.sequence, Buffer.concat(parts));
}

/** Of one element: more would have to be sorted. */
export function set(part: Buffer): Buffer {
  return element(TAG.set, part);
}

/** @param bytes big-endian, not negative */
export function derInteger(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  return element(TAG.integer, (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits);
}

export function yes(): Buffer {
  return element(TAG.boolean, Buffer.of(0xff));
}

export function octetString(bytes: Uint8Array): Buffer {
  return element(TAG.octetString, bytes);
}

/** @param unused bits at the end that do not count */
export function bitString(bytes: Uint8Array, unused = 0): Buffer {
  return element(TAG.bitString, Buffer.concat([Buffer.of(unused), bytes]));
}

export function utf8String(text: string): Buffer {
  return element(TAG.utf8String, Buffer.from(text));
}

/** @param dotted `2.5.4.3` */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return element(TAG.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** To the second. */
export function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/\D/g, "").slice(0, 14);
  return at.getUTCFullYear() < FOUR_DIGITS_FROM
    ? element(TAG.utcTime, Buffer.from(`${digits.slice(2)}Z`))
    : element(TAG.generalizedTime, Buffer.from(`${digits}Z`));
}

/** An element of the kind that its place gives: `[n]` around other elements. */
export function tagged(number: number, ...parts: readonly Buffer[]): Buffer {
  return element(0xa0 | number, Buffer.concat(parts));
}

/** The same in the place of a plain value's own tag. */
export function taggedValue(number: number, bytes: Uint8Array): Buffer {
  return element(0x80 | number, bytes);
}

function element(tag: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(tag), length(body.length), body]);
}

function length(count: number): Buffer {
  if (count < 0x80) return Buffer.of(count);
  const digits: number[] = [];
  for (let left = count; left > 0; left = Math.floor(left / 256)) digits.unshift(left % 256);
  return Buffer.from([0x80 | digits.length, ...digits]);
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
  return digits;
}
