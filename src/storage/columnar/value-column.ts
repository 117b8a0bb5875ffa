import { ByteSink, ByteSource } from "./byte-sink.ts";
import { readUint32, writeNumbers } from "./number-column.ts";
import type { Part } from "./parts.ts";

/** Values that are ranges of one buffer, in the order in which rows have them. */
export class ByteRanges {
  starts = new Uint32Array(64);
  ends = new Uint32Array(64);
  count = 0;

  push(start: number, end: number): void {
    if (this.count === this.starts.length) {
      this.starts = grown(this.starts);
      this.ends = grown(this.ends);
    }
    this.starts[this.count] = start;
    this.ends[this.count++] = end;
  }
}

/** Decoded values: value i is bytes[offsets[k], offsets[k + 1]), where k is codes[i], or i without codes. */
export interface Values {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
  readonly codes: Uint32Array | undefined;
}

/**
 * How a column is stored, its first byte:
 * - `plain`: lengths, then the bytes of all values.
 * - `dictionary`: the distinct values as `plain`, then the position of each value.
 * - `pattern`: all values are equally long and each position holds the same character in all or a hexadecimal digit in
 *   all, as in a UUID: the pattern, then the digits, two to a byte.
 */
const FORM = { plain: 0, dictionary: 1, pattern: 2 } as const;

const MAX_PATTERN = 80;
/** Of the first values of a column so many must repeat for a dictionary to be worth it. */
const PROBE = 128;
const HEX = new TextEncoder().encode("0123456789abcdef");
const DIGIT = new Int8Array(256).fill(-1);
for (const [digit, code] of HEX.entries()) DIGIT[code] = digit;

/** A column of `ranges` of `body`. */
export function writeValues(body: Uint8Array, ranges: ByteRanges): Part {
  const { count } = ranges;
  const distinct = count > 8 ? findDistinct(body, ranges) : undefined;
  const sink = new ByteSink(4096);
  if (distinct !== undefined) {
    sink.byte(FORM.dictionary);
    sink.varint(distinct.values.count);
    writePlain(sink, body, distinct.values);
    writeNumbers(sink, distinct.codes, count);
    return { bytes: sink.finish() };
  }
  const pattern = count > 8 ? findPattern(body, ranges) : undefined;
  if (pattern !== undefined) {
    sink.byte(FORM.pattern);
    sink.blob(pattern);
    writeDigits(sink, body, ranges, pattern);
    return { bytes: sink.finish(), random: true };
  }
  sink.byte(FORM.plain);
  writePlain(sink, body, ranges);
  return { bytes: sink.finish() };
}

/** The column of `count` values that `writeValues` made. Throws RangeError for bytes that do not fit. */
export function readValues(bytes: Uint8Array, count: number): Values {
  const source = new ByteSource(bytes);
  const form = source.byte();
  switch (form) {
    case FORM.plain:
      return { ...readPlain(source, count), codes: undefined };
    case FORM.dictionary: {
      const size = source.varint();
      const plain = readPlain(source, size);
      const codes = readUint32(source, count);
      for (const code of codes) if (code >= size) throw new RangeError(`value ${code} of a dictionary of ${size}`);
      return { ...plain, codes };
    }
    case FORM.pattern:
      return readDigits(source, count);
    default:
      throw new RangeError(`unknown form ${form} of a column`);
  }
}

function writePlain(sink: ByteSink, body: Uint8Array, { starts, ends, count }: ByteRanges): void {
  const lengths = new Uint32Array(count);
  for (let i = 0; i < count; i++) lengths[i] = (ends[i] as number) - (starts[i] as number);
  writeNumbers(sink, lengths, count);
  for (let i = 0; i < count; i++) sink.range(body, starts[i], ends[i]);
}

function readPlain(source: ByteSource, count: number): { bytes: Uint8Array; offsets: Uint32Array } {
  const lengths = readUint32(source, count);
  const offsets = new Uint32Array(count + 1);
  let at = 0;
  for (let i = 0; i < count; i++) {
    at += lengths[i] as number;
    offsets[i + 1] = at;
  }
  return { bytes: source.take(at), offsets };
}

/** Undefined where more than half of the first values, or of all, are different. */
function findDistinct(
  body: Uint8Array,
  { starts, ends, count }: ByteRanges,
): { values: ByteRanges; codes: Uint32Array } | undefined {
  let slots = new Int32Array(256);
  let hashes = new Int32Array(128);
  const values = new ByteRanges();
  const codes = new Uint32Array(count);
  let last = -1;
  for (let i = 0; i < count; i++) {
    const start = starts[i] as number;
    const end = ends[i] as number;
    if (last >= 0 && same(body, start, end, values, last)) {
      codes[i] = last;
      continue;
    }
    const hash = hashOf(body, start, end);
    let slot = hash & (slots.length - 1);
    let code = (slots[slot] as number) - 1;
    while (code >= 0 && !(hashes[code] === hash && same(body, start, end, values, code))) {
      slot = (slot + 1) & (slots.length - 1);
      code = (slots[slot] as number) - 1;
    }
    if (code < 0) {
      code = values.count;
      values.push(start, end);
      slots[slot] = code + 1;
      if (code >= hashes.length) hashes = grownSigned(hashes);
      hashes[code] = hash;
      if (values.count * 2 > slots.length) slots = rehash(hashes, values.count, slots.length * 2);
      if (i >= PROBE && values.count > (i + 1) / 2) return undefined;
    }
    codes[i] = code;
    last = code;
  }
  return values.count > count / 2 ? undefined : { values, codes };
}

function rehash(hashes: Int32Array, count: number, size: number): Int32Array<ArrayBuffer> {
  const slots = new Int32Array(size);
  for (let code = 0; code < count; code++) {
    let slot = (hashes[code] as number) & (size - 1);
    while (slots[slot] !== 0) slot = (slot + 1) & (size - 1);
    slots[slot] = code + 1;
  }
  return slots;
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let h = end - start;
  for (let i = start; i < end; i++) h = Math.imul(h ^ (bytes[i] as number), 0x01000193);
  return h ^ (h >>> 15);
}

function same(bytes: Uint8Array, start: number, end: number, values: ByteRanges, index: number): boolean {
  const other = values.starts[index] as number;
  if ((values.ends[index] as number) - other !== end - start) return false;
  // Values that differ mostly do so near their end.
  for (let i = end - 1, k = other + end - start - 1; i >= start; i--, k--) if (bytes[i] !== bytes[k]) return false;
  return true;
}

/** One byte a position: 0 for a hexadecimal digit, else the character. */
function findPattern(body: Uint8Array, { starts, ends, count }: ByteRanges): Uint8Array | undefined {
  const first = starts[0] as number;
  const length = (ends[0] as number) - first;
  if (length === 0 || length > MAX_PATTERN) return undefined;
  const pattern = new Uint8Array(body.subarray(first, first + length));
  if (pattern.includes(0)) return undefined;
  for (let i = 1; i < count; i++) {
    const start = starts[i] as number;
    if ((ends[i] as number) - start !== length) return undefined;
    for (let k = 0; k < length; k++) {
      const byte = body[start + k] as number;
      const wanted = pattern[k] as number;
      if (byte === wanted) continue;
      if ((DIGIT[byte] as number) < 0) return undefined;
      if (wanted === 0) continue;
      if ((DIGIT[wanted] as number) < 0) return undefined;
      pattern[k] = 0;
    }
  }
  let digits = 0;
  for (const byte of pattern) if (byte === 0) digits++;
  // Few digits are better left to the compressor, which sees how they are distributed.
  return digits >= 8 ? pattern : undefined;
}

function writeDigits(sink: ByteSink, body: Uint8Array, { starts, count }: ByteRanges, pattern: Uint8Array): void {
  let pending = -1;
  for (let i = 0; i < count; i++) {
    const start = starts[i] as number;
    for (let k = 0; k < pattern.length; k++) {
      if (pattern[k] !== 0) continue;
      const digit = DIGIT[body[start + k] as number] as number;
      if (pending < 0) pending = digit;
      else {
        sink.byte((pending << 4) | digit);
        pending = -1;
      }
    }
  }
  if (pending >= 0) sink.byte(pending << 4);
}

function readDigits(source: ByteSource, count: number): Values {
  const pattern = source.blob();
  const length = pattern.length;
  let digits = 0;
  for (const byte of pattern) if (byte === 0) digits++;
  const packed = source.take(Math.ceil((digits * count) / 2));
  const bytes = new Uint8Array(count * length);
  const offsets = new Uint32Array(count + 1);
  let nibble = 0;
  let at = 0;
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < length; k++) {
      const constant = pattern[k] as number;
      if (constant !== 0) {
        bytes[at++] = constant;
        continue;
      }
      const pair = packed[nibble >>> 1] as number;
      bytes[at++] = HEX[(nibble & 1) === 0 ? pair >>> 4 : pair & 15] as number;
      nibble++;
    }
    offsets[i + 1] = at;
  }
  return { bytes, offsets, codes: undefined };
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}

function grownSigned(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
