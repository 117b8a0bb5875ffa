import type { ByteSink, ByteSource } from "./byte-sink.ts";

/**
 * Columns of numbers as bytes: a base that all values share, and what is left of each in as few bytes as the largest
 * needs, the bytes of one weight together: high ones hardly change and compress to nothing.
 *
 * `base` as varint, width in bytes as one byte, then `width` planes of `count` bytes.
 */
const MAX_EXACT = Number.MAX_SAFE_INTEGER;

/** `values` are integers from 0 to 2^53 − 1. */
export function writeNumbers(sink: ByteSink, values: ArrayLike<number>, count: number): void {
  let min = count === 0 ? 0 : MAX_EXACT;
  let max = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i] as number;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const width = widthOf(count === 0 ? 0 : max - min);
  sink.varint(min);
  sink.byte(width);
  if (width === 0) return;
  const planes = new Uint8Array(count * width);
  if (width <= 4) {
    for (let i = 0; i < count; i++) {
      const rest = (values[i] as number) - min;
      for (let plane = 0; plane < width; plane++) planes[plane * count + i] = rest >>> (plane * 8);
    }
  } else {
    for (let i = 0; i < count; i++) {
      const rest = (values[i] as number) - min;
      const low = rest >>> 0;
      const high = (rest - low) / 0x1_0000_0000;
      for (let plane = 0; plane < 4; plane++) planes[plane * count + i] = low >>> (plane * 8);
      for (let plane = 4; plane < width; plane++) planes[plane * count + i] = high >>> ((plane - 4) * 8);
    }
  }
  sink.range(planes);
}

/** The next `count` values of a column, as 32-bit numbers. */
export function readUint32(source: ByteSource, count: number): Uint32Array {
  const base = source.varint();
  const width = source.byte();
  if (width > 4) throw new RangeError(`column of ${width} bytes a value where 4 are the most`);
  const out = new Uint32Array(count);
  if (base !== 0) out.fill(base);
  for (let plane = 0; plane < width; plane++) {
    const bytes = source.take(count);
    const shift = plane * 8;
    // Wraps modulo 2^32 as the array does.
    for (let i = 0; i < count; i++) out[i] = (out[i] as number) + ((bytes[i] as number) << shift);
  }
  return out;
}

/** The next `count` values of a column. */
export function readNumbers(source: ByteSource, count: number): Float64Array {
  const base = source.varint();
  const width = source.byte();
  if (width > 7) throw new RangeError(`column of ${width} bytes a value where 7 are the most`);
  const out = new Float64Array(count).fill(base);
  for (let plane = 0; plane < width; plane++) {
    const bytes = source.take(count);
    const factor = 256 ** plane;
    for (let i = 0; i < count; i++) out[i] = (out[i] as number) + (bytes[i] as number) * factor;
  }
  return out;
}

/** The form of a signed value in which small ones of either sign are small; at most 2^52 in size. */
export function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function widthOf(spread: number): number {
  let width = 0;
  for (let rest = spread; rest > 0; rest = Math.floor(rest / 256)) width++;
  return width;
}
