/** Pairs that share a bucket, on average: a look-up reads this many words that lie side by side. */
const BUCKET_PAIRS = 8;
/** Upper bits of a hash that are told apart at least, where three bytes a pair are enough for them. */
const HASH_BITS = 28;

/**
 * Which rows of a finished segment may hold a trace: a word of 3 or 4 bytes for a pair of `traceIdHash` and row, in
 * buckets by the hash's upper bits, and 4 bytes a bucket. A word is the row in its lower bits and, above, as much as
 * fits of the hash below the bits that chose the bucket. What does not fit makes answers that are wrong, among those
 * that are right: callers compare the ids themselves.
 */
export class PackedTraceTable {
  readonly #bucketBits: number;
  readonly #rowBits: number;
  readonly #wordBytes: 3 | 4;
  /** Words of bucket i are those from number starts[i] to starts[i + 1]. */
  readonly #starts: Uint32Array;
  /** Little-endian. */
  readonly #words: Uint8Array;

  /** hashes[i] (unsigned 32-bit) occurs in rows[i], counted from 0; rows ascend, below 2^31. */
  constructor(hashes: Uint32Array, rows: Uint32Array) {
    const pairs = hashes.length;
    this.#bucketBits = Math.max(0, 31 - Math.clz32(pairs / BUCKET_PAIRS));
    this.#rowBits = 32 - Math.clz32(rows[pairs - 1] ?? 0);
    this.#wordBytes = this.#rowBits < 24 && this.#bucketBits + 24 - this.#rowBits >= HASH_BITS ? 3 : 4;
    // While filling, starts[i + 1] is where the next word of bucket i goes, and that ends as the start of bucket i + 1.
    const starts = new Uint32Array(2 ** this.#bucketBits + 2);
    for (const hash of hashes) add(starts, this.#bucketOf(hash) + 2, 1);
    for (let i = 1; i < starts.length; i++) add(starts, i, starts[i - 1] as number);
    this.#starts = starts;
    this.#words = new Uint8Array(pairs * this.#wordBytes);
    for (let i = 0; i < pairs; i++) {
      const hash = hashes[i] as number;
      this.#write(add(starts, this.#bucketOf(hash) + 1, 1), this.#upperBits(hash) | (rows[i] as number));
    }
  }

  get bytes(): number {
    return this.#starts.byteLength + this.#words.byteLength;
  }

  /** Rows from `from` on that may hold the trace, ascending. */
  rows(hash: number, from = 0): number[] {
    const found: number[] = [];
    const bucket = this.#bucketOf(hash);
    const end = this.#starts[bucket + 1] as number;
    const wanted = this.#upperBits(hash);
    const rowMask = 2 ** this.#rowBits - 1;
    for (let i = this.#starts[bucket] as number; i < end; i++) {
      const word = this.#read(i);
      if (((word ^ wanted) & ~rowMask) === 0 && (word & rowMask) >= from) found.push(word & rowMask);
    }
    return found;
  }

  #write(number: number, word: number): void {
    const words = this.#words;
    const at = number * this.#wordBytes;
    words[at] = word;
    words[at + 1] = word >>> 8;
    words[at + 2] = word >>> 16;
    if (this.#wordBytes === 4) words[at + 3] = word >>> 24;
  }

  #read(number: number): number {
    const words = this.#words;
    const at = number * this.#wordBytes;
    const low = (words[at] as number) | ((words[at + 1] as number) << 8) | ((words[at + 2] as number) << 16);
    return this.#wordBytes === 3 ? low : low | ((words[at + 3] as number) << 24);
  }

  #bucketOf(hash: number): number {
    return this.#bucketBits === 0 ? 0 : hash >>> (32 - this.#bucketBits);
  }

  /** What a word holds of a hash, in its place, zeros below and above. */
  #upperBits(hash: number): number {
    const above = 32 - this.#wordBytes * 8;
    return ((hash << this.#bucketBits) >>> (this.#rowBits + above)) << this.#rowBits;
  }
}

/** Adds to an element; what it was before. */
function add(numbers: Uint32Array, at: number, value: number): number {
  const before = numbers[at] as number;
  numbers[at] = before + value;
  return before;
}
