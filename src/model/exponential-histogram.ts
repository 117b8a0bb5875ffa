/** Buckets grow by 2^(1/16), 4.4 %, so that a quantile is within 2.2 % of the value it stands for. */
export const HISTOGRAM_SCALE = 4;

/** At the finest scale 20 doublings, 1 µs to 1 s; values further apart coarsen the buckets. */
export const MAX_HISTOGRAM_BUCKETS = 320;

const NO_COUNTS = new Float64Array(0);

/** What a histogram is made of: counts[i] values lie in bucket `offset + i`. */
export interface HistogramParts {
  readonly scale: number;
  /** Values that were 0 or below. */
  readonly zeroCount: number;
  readonly offset: number;
  /** Valid until the histogram changes. */
  readonly counts: Float64Array;
}

/**
 * A distribution in base-2 exponential buckets (OpenTelemetry metrics data model, "ExponentialHistogram"): bucket i of
 * scale s holds the values in (b^i, b^(i+1)] with b = 2^(2^-s). Histograms merge without loss but of scale: two
 * neighbours become one bucket of the next coarser scale, exactly. Counts may be fractional, as adjusted counts are.
 */
export class ExponentialHistogram {
  #scale: number;
  #zeroCount = 0;
  #count = 0;
  #offset = 0;
  #length = 0;
  #counts: Float64Array;

  constructor(scale: number = HISTOGRAM_SCALE) {
    this.#scale = scale;
    this.#counts = NO_COUNTS;
  }

  /** Takes the parts over as they are: `counts` must not be used any more. */
  static of({ scale, zeroCount, offset, counts }: HistogramParts): ExponentialHistogram {
    const histogram = new ExponentialHistogram(scale);
    histogram.#zeroCount = zeroCount;
    histogram.#counts = counts;
    histogram.#offset = offset;
    histogram.#length = counts.length;
    histogram.#count = zeroCount;
    for (const count of counts) histogram.#count += count;
    return histogram;
  }

  get scale(): number {
    return this.#scale;
  }

  /** Sum of all counts. */
  get count(): number {
    return this.#count;
  }

  get parts(): HistogramParts {
    return {
      scale: this.#scale,
      zeroCount: this.#zeroCount,
      offset: this.#offset,
      counts: this.#counts.subarray(0, this.#length),
    };
  }

  /** Counts `value`; 0 and less, and what is no number, count as zero. */
  add(value: number, count = 1): void {
    this.addBucket(bucketOf(value), count);
  }

  /** Counts into a bucket as `bucketOf` names it. */
  addBucket(bucket: number, count = 1): void {
    this.#count += count;
    if (bucket === ZERO_BUCKET) this.#zeroCount += count;
    else this.#put(bucket, count);
  }

  merge(other: ExponentialHistogram): void {
    this.#count += other.#count;
    this.#zeroCount += other.#zeroCount;
    if (other.#length === 0) return;
    if (this.#length === 0) {
      this.#scale = other.#scale;
      this.#offset = other.#offset;
      this.#length = other.#length;
      this.#counts = other.#counts.slice(0, other.#length);
      return;
    }
    if (other.#scale < this.#scale) this.#coarsen(this.#scale - other.#scale);
    let by = other.#scale - this.#scale;
    const last = other.#offset + other.#length - 1;
    while (!this.#reach(other.#offset >> by) || !this.#reach(last >> by)) {
      this.#coarsen(1);
      by++;
    }
    const counts = this.#counts;
    const others = other.#counts;
    for (let i = 0; i < other.#length; i++) {
      const at = ((other.#offset + i) >> by) - this.#offset;
      counts[at] = (counts[at] as number) + (others[i] as number);
    }
  }

  /**
   * The value below which the share `q` (0 to 1) of the counts lies: the geometric middle of its bucket, so at most
   * (b − 1) / (b + 1) off. NaN where nothing was counted.
   */
  quantile(q: number): number {
    if (this.#count <= 0) return Number.NaN;
    const rank = Math.min(Math.max(q, 0), 1) * this.#count;
    let below = this.#zeroCount;
    if (this.#length === 0 || (this.#zeroCount > 0 && below >= rank)) return 0;
    let at = 0;
    let last = 0;
    for (; at < this.#length; at++) {
      const count = this.#counts[at] as number;
      if (count === 0) continue;
      last = at;
      below += count;
      if (below >= rank) break;
    }
    // Rounding can leave the sum of the buckets a little below the rank.
    return 2 ** ((this.#offset + last + 0.5) / 2 ** this.#scale);
  }

  /** `index` is of the finest scale. */
  #put(index: number, count: number): void {
    let bucket = index >> (HISTOGRAM_SCALE - this.#scale);
    while (!this.#reach(bucket)) {
      this.#coarsen(1);
      bucket >>= 1;
    }
    const at = bucket - this.#offset;
    this.#counts[at] = (this.#counts[at] as number) + count;
  }

  /** Makes room for a bucket; false where that takes more than the greatest number of buckets. */
  #reach(bucket: number): boolean {
    if (this.#length === 0) {
      if (this.#counts.length === 0) this.#counts = new Float64Array(16);
      this.#offset = bucket;
      this.#length = 1;
      return true;
    }
    const first = Math.min(this.#offset, bucket);
    const length = Math.max(this.#offset + this.#length, bucket + 1) - first;
    if (length === this.#length) return true;
    if (length > MAX_HISTOGRAM_BUCKETS) return false;
    const shift = this.#offset - first;
    if (length > this.#counts.length) {
      const larger = new Float64Array(Math.min(MAX_HISTOGRAM_BUCKETS, Math.max(length, this.#counts.length * 2)));
      larger.set(this.#counts.subarray(0, this.#length), shift);
      this.#counts = larger;
    } else if (shift > 0) {
      this.#counts.copyWithin(shift, 0, this.#length);
      this.#counts.fill(0, 0, shift);
    }
    this.#offset = first;
    this.#length = length;
    return true;
  }

  /** Goes to a scale `by` steps coarser. */
  #coarsen(by: number): void {
    const first = this.#offset >> by;
    const length = this.#length === 0 ? 0 : ((this.#offset + this.#length - 1) >> by) - first + 1;
    for (let i = 0; i < this.#length; i++) {
      const count = this.#counts[i] as number;
      this.#counts[i] = 0;
      const to = ((this.#offset + i) >> by) - first;
      this.#counts[to] = (this.#counts[to] as number) + count;
    }
    this.#offset = first;
    this.#length = length;
    this.#scale -= by;
  }
}

/** The bucket of values of 0 and below, which no other index reaches. */
export const ZERO_BUCKET = -0x8000_0000;

const STEPS = 2 ** HISTOGRAM_SCALE;

/** The bucket of a value at the finest scale, for `addBucket`. */
export function bucketOf(value: number): number {
  return value > 0 ? Math.ceil(Math.log2(value) * STEPS) - 1 : ZERO_BUCKET;
}
