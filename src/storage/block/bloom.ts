import { PermanentError } from "../../component/errors.ts";

/**
 * A block's bloom: which `attributeHash` and `traceIdHash` values occur in it. Two filters over the same hashes:
 * readers keep the first of every block in memory, and ask the second when they have read the block's head, before its
 * body.
 *
 * | part | bytes |
 * |---|---|
 * | version 2, three zeros | 4 |
 * | bytes of the first filter | 4, little-endian |
 * | first filter: version 1, k (probes a hash), two zeros, then its bits | 4 + 1.5 a hash |
 * | second filter: pairs of 32-bit words | 1 a hash |
 *
 * Bits lie least significant first. Blooms that older versions wrote are a first filter alone. Its positions come from
 * double hashing of the 32-bit hash and are mapped to the bits by their high part, so the size need not be a power of
 * two. In the second a hash has two bits in each word of one pair: half as likely to be right, but one place to write
 * instead of six.
 */
const VERSION = 2;
const FILTER_VERSION = 1;
const OUTER_HEADER = 8;
const HEADER = 4;
const PROBES = 8;
/** A head read for nothing costs 0.15 ms: two bits more than usual are cheaper. */
const BITS_PER_HASH = 12;
/** A body inflated for nothing costs a millisecond, and these bits are not kept in memory. */
const SECOND_BITS_PER_HASH = 8;
const PAIR = 8;
const TWO_32 = 0x1_0000_0000;

/** Second hash of the double hashing: odd, so that no hash keeps returning to one position. */
function stepOf(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) | 1;
}

/** Where a hash lies in the second filter: of another mixture than in the first, whose wrong answers it is to find. */
function pairOf(hash: number, bytes: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return Math.trunc(((h ^ (h >>> 16)) >>> 0) * (bytes / PAIR / TWO_32)) * PAIR;
}

/** Its bits there, five bits of the result for each. */
function bitsOf(hash: number): number {
  const h = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae3d);
  return Math.imul(h ^ (h >>> 16), 0x27d4eb2f) >>> 8;
}

/**
 * The bloom of the first `count` of `hashes` (unsigned 32-bit). 20 bits a hash; where they are distinct, the first
 * filter answers yes wrongly for near 0.3 %, both together for 0.01 %. Repeated hashes only make it larger than it need
 * be.
 */
export function buildBloom(hashes: Uint32Array, count: number): Uint8Array<ArrayBuffer> {
  const size = Math.ceil((count * BITS_PER_HASH) / 32) * 4;
  const end = OUTER_HEADER + HEADER + size;
  const pairs = Math.ceil((count * SECOND_BITS_PER_HASH) / 8 / PAIR) * PAIR;
  const bloom = new Uint8Array(end + pairs);
  const words = new Uint32Array(bloom.buffer);
  bloom[0] = VERSION;
  words[1] = HEADER + size;
  bloom[OUTER_HEADER] = FILTER_VERSION;
  bloom[OUTER_HEADER + 1] = PROBES;
  const scale = (size * 8) / TWO_32;
  for (let i = 0; i < count; i++) {
    const hash = hashes[i] as number;
    const step = stepOf(hash);
    let h = hash;
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = Math.trunc((h >>> 0) * scale);
      const at = OUTER_HEADER + HEADER + (bit >>> 3);
      bloom[at] = (bloom[at] as number) | (1 << (bit & 7));
      h = (h + step) | 0;
    }
    const word = (end + pairOf(hash, pairs)) >>> 2;
    const bits = bitsOf(hash);
    words[word] = (words[word] as number) | (1 << bits) | (1 << (bits >>> 5));
    words[word + 1] = (words[word + 1] as number) | (1 << (bits >>> 10)) | (1 << (bits >>> 15));
  }
  return bloom;
}

/** Throws where the bytes are no bloom of a version this program knows. Call once when a bloom is loaded. */
export function checkBloom(bloom: Uint8Array): void {
  if (isWhole(bloom)) return;
  throw new PermanentError(
    "data_format_unknown",
    `bloom of ${bloom.length} bytes with version ${bloom[0] ?? "none"}: expected version ${FILTER_VERSION} or ${VERSION} and whole words`,
  );
}

function isWhole(bloom: Uint8Array): boolean {
  if (bloom.length % 4 !== 0 || bloom[0] !== VERSION) return isFilter(bloom);
  const end = bloom.length < OUTER_HEADER ? 0 : firstEnd(bloom);
  const pairs = bloom.length - end;
  if (pairs < 0 || pairs % PAIR !== 0 || !isFilter(bloom.subarray(OUTER_HEADER, end))) return false;
  // Hashes are in both or, where there are none, in neither.
  return pairs > 0 === end > OUTER_HEADER + HEADER;
}

function isFilter(filter: Uint8Array): boolean {
  return filter.length >= HEADER && filter.length % 4 === 0 && filter[0] === FILTER_VERSION && filter[1] !== 0;
}

/** Where the first filter of a bloom of version 2 ends. */
function firstEnd(bloom: Uint8Array): number {
  return OUTER_HEADER + new DataView(bloom.buffer, bloom.byteOffset).getUint32(4, true);
}

/** The filter of a bloom that is to be kept in memory, as a view of it. */
export function firstFilter(bloom: Uint8Array): Uint8Array {
  return bloom[0] === VERSION ? bloom.subarray(OUTER_HEADER, firstEnd(bloom)) : bloom;
}

/** False only where `hash` was certainly not among the hashes that the bloom was built from. */
export function bloomMayContain(bloom: Uint8Array, hash: number): boolean {
  if (bloom[0] !== VERSION) return filterMayContainAt(bloom, 0, bloom.length, hash);
  const end = firstEnd(bloom);
  return filterMayContainAt(bloom, OUTER_HEADER, end, hash) && pairMayContain(bloom, end, hash);
}

/** The same for a first filter that lies at bytes[start, end). */
export function filterMayContainAt(bytes: Uint8Array, start: number, end: number, hash: number): boolean {
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

function pairMayContain(bloom: Uint8Array, start: number, hash: number): boolean {
  const at = start + pairOf(hash, bloom.length - start);
  const bits = bitsOf(hash);
  return (
    isSet(bloom, at, bits) &&
    isSet(bloom, at, bits >>> 5) &&
    isSet(bloom, at + 4, bits >>> 10) &&
    isSet(bloom, at + 4, bits >>> 15)
  );
}

/** Of the word at bytes[at, at + 4) the bit that the lower five bits of `bit` name. */
function isSet(bytes: Uint8Array, at: number, bit: number): boolean {
  return ((bytes[at + ((bit & 31) >>> 3)] as number) & (1 << (bit & 7))) !== 0;
}

/**
 * Where the first filters of a segment lie, one after the other: that of row i + 1 at bytes[offsets[i], offsets[i +
 * 1]).
 */
export interface PackedFilters {
  readonly bytes: Uint8Array;
  readonly offsets: Float64Array;
  /** What all of them have at least. */
  readonly probes: number;
}

/**
 * Leaves of rows[0, count), in their order, those whose filters may contain `hash`; how many these are. One probe of
 * all rows after the other, in three loops: only where nothing depends on what the loop itself reads does the processor
 * wait for many of the bits at once.
 */
export function narrowByFilter(filters: PackedFilters, rows: Uint32Array, count: number, hash: number): number {
  const { bytes, offsets, probes } = filters;
  const places = new Uint32Array(count);
  const bits = new Uint8Array(count);
  const step = stepOf(hash);
  let left = count;
  let h = hash;
  for (let probe = 0; probe < probes && left > 0; probe++) {
    const scale = (h >>> 0) * (8 / TWO_32);
    for (let i = 0; i < left; i++) {
      const row = rows[i] as number;
      const start = (offsets[row - 1] as number) + HEADER;
      const size = (offsets[row] as number) - start;
      const bit = Math.trunc(scale * size);
      places[i] = start + (bit >>> 3);
      // Of an empty filter the bit beyond the byte, which is not set.
      bits[i] = size > 0 ? bit & 7 : 8;
    }
    for (let i = 0; i < left; i++) bits[i] = ((bytes[places[i] as number] as number) >>> (bits[i] as number)) & 1;
    let kept = 0;
    for (let i = 0; i < left; i++) {
      rows[kept] = rows[i] as number;
      kept += bits[i] as number;
    }
    left = kept;
    h = (h + step) | 0;
  }
  return left;
}
