import { PermanentError } from "../component/errors.ts";

/**
 * A block's bloom: which `attributeHash` and `traceIdHash` values occur in it. Layout: version byte, k (probes a hash),
 * two zero bytes, then the bits, least significant first. Positions come from double hashing of the 32-bit hash and
 * are mapped to the bits by their high part, so the size need not be a power of two.
 */
const VERSION = 1;
const HEADER = 4;
const PROBES = 8;
/** A block opened for nothing costs an inflated body, about a millisecond: two bits more than usual are cheaper. */
const BITS_PER_HASH = 12;
const TWO_32 = 0x1_0000_0000;

/** Second hash of the double hashing: odd, so that no hash keeps returning to one position. */
function stepOf(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) | 1;
}

/**
 * The bloom of the first `count` of `hashes` (unsigned 32-bit). 12 bits a hash and a false-positive rate near 0.3 %
 * where they are distinct; repeated hashes only make it larger than it need be.
 */
export function buildBloom(hashes: Uint32Array, count: number): Uint8Array<ArrayBuffer> {
  const size = Math.ceil((count * BITS_PER_HASH) / 32) * 4;
  const bloom = new Uint8Array(HEADER + size);
  bloom[0] = VERSION;
  bloom[1] = PROBES;
  const scale = (size * 8) / TWO_32;
  for (let i = 0; i < count; i++) {
    const hash = hashes[i] as number;
    const step = stepOf(hash);
    let h = hash;
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = Math.trunc((h >>> 0) * scale);
      const at = HEADER + (bit >>> 3);
      bloom[at] = (bloom[at] as number) | (1 << (bit & 7));
      h = (h + step) | 0;
    }
  }
  return bloom;
}

/** Throws where the bytes are no bloom of a version this program knows. Call once when a bloom is loaded. */
export function checkBloom(bloom: Uint8Array): void {
  if (bloom.length < HEADER || bloom[0] !== VERSION || bloom.length % 4 !== 0 || (bloom[1] as number) === 0) {
    throw new PermanentError(
      "data_format_unknown",
      `bloom of ${bloom.length} bytes with version ${bloom[0] ?? "none"}: expected version ${VERSION} and whole words`,
    );
  }
}

/** False only where `hash` was certainly not among the hashes that the bloom was built from. */
export function bloomMayContain(bloom: Uint8Array, hash: number): boolean {
  return bloomMayContainAt(bloom, 0, bloom.length, hash);
}

/** The same for a bloom that lies at bytes[start, end). */
export function bloomMayContainAt(bytes: Uint8Array, start: number, end: number, hash: number): boolean {
  const size = end - start - HEADER;
  if (size <= 0) return false;
  const probes = bytes[start + 1] as number;
  const bits = start + HEADER;
  const scale = (size * 8) / TWO_32;
  const step = stepOf(hash);
  let h = hash;
  for (let probe = 0; probe < probes; probe++) {
    const bit = Math.trunc((h >>> 0) * scale);
    if (((bytes[bits + (bit >>> 3)] as number) & (1 << (bit & 7))) === 0) return false;
    h = (h + step) | 0;
  }
  return true;
}

/** Where the blooms of a segment lie, one after the other: that of row i + 1 at bytes[offsets[i], offsets[i + 1]). */
export interface PackedBlooms {
  readonly bytes: Uint8Array;
  readonly offsets: Float64Array;
  /** What all of them have at least. */
  readonly probes: number;
}

/**
 * Leaves of rows[0, count), in their order, those whose blooms may contain `hash`; how many these are. One probe of all
 * rows after the other, without a branch that depends on what is read: asked row by row, every bit is waited for alone.
 */
export function narrowByBloom(blooms: PackedBlooms, rows: Uint32Array, count: number, hash: number): number {
  const { bytes, offsets, probes } = blooms;
  const step = stepOf(hash);
  let left = count;
  let h = hash;
  for (let probe = 0; probe < probes && left > 0; probe++) {
    const from = h >>> 0;
    let kept = 0;
    for (let i = 0; i < left; i++) {
      const row = rows[i] as number;
      const start = offsets[row - 1] as number;
      const size = (offsets[row] as number) - start - HEADER;
      const bit = Math.trunc(from * ((size * 8) / TWO_32));
      rows[kept] = row;
      kept += size > 0 ? ((bytes[start + HEADER + (bit >>> 3)] as number) >>> (bit & 7)) & 1 : 0;
    }
    left = kept;
    h = (h + step) | 0;
  }
  return left;
}
