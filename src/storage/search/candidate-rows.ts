import type { SegmentBlocks } from "../segment-blocks.ts";

/** Rows whose blooms are asked together: few at first, as most searches stop soon, then twice as many each time. */
const FIRST = 8;
const MOST = 512;

/** The rows of one segment whose blooms may contain all of some hashes, newest first; found as far as they are asked for. */
export class CandidateRows {
  readonly #segment: SegmentBlocks;
  readonly #order: Uint32Array;
  readonly #required: readonly number[];
  readonly #found: number[] = [];
  #asked = 0;
  #together = FIRST;

  /** Of the segment as it is now. */
  constructor(segment: SegmentBlocks, required: readonly number[]) {
    this.#segment = segment;
    this.#order = segment.newestFirst();
    this.#required = required;
  }

  /** The candidate of that number, from 0; undefined beyond the last. */
  get(index: number): number | undefined {
    if (this.#required.length === 0) return this.#order[index];
    while (index >= this.#found.length && this.#asked < this.#order.length) this.#findMore();
    return this.#found[index];
  }

  #findMore(): void {
    const rows = this.#order.slice(this.#asked, this.#asked + this.#together);
    this.#together = Math.min(MOST, this.#together * 2);
    this.#asked += rows.length;
    let left = rows.length;
    for (const hash of this.#required) left = this.#segment.narrow(rows, left, hash);
    for (let i = 0; i < left; i++) this.#found.push(rows[i] as number);
  }
}
