/** Pairs that share a bucket, on average: a look-up reads this many words that lie side by side. */
const BUCKET_PAIRS = 8;

/**
 * Which rows of a finished segment may hold a trace: 4 bytes a pair of `traceIdHash` and row, in buckets by the hash's
 * upper bits, and 4 bytes a bucket. A word is the row in its lower bits and, above, as much as fits of the hash below
 * the bits that chose the bucket. What does not fit makes answers that are wrong, among those that are right: callers
 * compare the ids themselves.
 */
export class PackedTraceTable {
  readonly #bucketBits: number;
  readonly #rowBits: number;
  /** Words of bucket i are words[starts[i], starts[i + 1]). */
  readonly #starts: Uint32Array;
  readonly #words: Uint32Array;

  /** hashes[i] (unsigned 32-bit) occurs in rows[i], counted from 0; rows ascend, below 2^31. */
  constructor(hashes: Uint32Array, rows: Uint32Array) {
    const pairs = hashes.length;
    this.#bucketBits = Math.max(0, 31 - Math.clz32(pairs / BUCKET_PAIRS));
    this.#rowBits = 32 - Math.clz32(rows[pairs - 1] ?? 0);
    // While filling, starts[i + 1] is where the next word of bucket i goes, and that ends as the start of bucket i + 1.
    const starts = new Uint32Array(2 ** this.#bucketBits + 2);
    for (const hash of hashes) add(starts, this.#bucketOf(hash) + 2, 1);
    for (let i = 1; i < starts.length; i++) add(starts, i, starts[i - 1] as number);
    const words = new Uint32Array(pairs);
    for (let i = 0; i < pairs; i++) {
      const hash = hashes[i] as number;
      words[add(starts, this.#bucketOf(hash) + 1, 1)] = this.#upperBits(hash) | (rows[i] as number);
    }
    this.#starts = starts;
    this.#words = words;
  }

  get bytes(): number {
    return this.#starts.byteLength + this.#words.byteLength;
  }

  /** Rows that may hold the trace, ascending. */
  rows(hash: number): number[] {
    const found: number[] = [];
    const bucket = this.#bucketOf(hash);
    const end = this.#starts[bucket + 1] as number;
    const wanted = this.#upperBits(hash);
    const rowMask = 2 ** this.#rowBits - 1;
    for (let i = this.#starts[bucket] as number; i < end; i++) {
      const word = this.#words[i] as number;
      if (((word ^ wanted) & ~rowMask) === 0) found.push(word & rowMask);
    }
    return found;
  }

  #bucketOf(hash: number): number {
    return this.#bucketBits === 0 ? 0 : hash >>> (32 - this.#bucketBits);
  }

  /** What a word holds of a hash, in its place, zeros below. */
  #upperBits(hash: number): number {
    return ((hash << this.#bucketBits) >>> this.#rowBits) << this.#rowBits;
  }
}

/** Adds to an element; what it was before. */
function add(numbers: Uint32Array, at: number, value: number): number {
  const before = numbers[at] as number;
  numbers[at] = before + value;
  return before;
}
