/** Rows whose filters are asked together: few at first, as most searches stop soon, then twice as many each time. */
const FIRST = 8;
const MOST = 512;

/** Leaves of rows[0, count), in their order, those that may contain a hash; how many these are. */
export type Narrow = (rows: Uint32Array, count: number) => number;

/** Those of some rows that a filter leaves, in their order; found as far as they are asked for, and remembered. */
export class HashBlocks {
  readonly #rows: BlockSource;
  readonly #narrow: Narrow;
  readonly #found: number[] = [];
  #asked = 0;
  #together = FIRST;

  constructor(rows: BlockSource, narrow: Narrow) {
    this.#rows = rows;
    this.#narrow = narrow;
  }

  /** The row of that number, from 0; undefined beyond the last. */
  get(index: number): number | undefined {
    while (index >= this.#found.length && this.#findMore());
    return this.#found[index];
  }

  /** False where there were no more to look at. */
  #findMore(): boolean {
    const rows = new Uint32Array(this.#together);
    this.#together = Math.min(MOST, this.#together * 2);
    let count = 0;
    for (; count < rows.length; count++) {
      const row = this.#rows.get(this.#asked);
      if (row === undefined) break;
      rows[count] = row;
      this.#asked++;
    }
    const left = count === 0 ? 0 : this.#narrow(rows, count);
    for (let i = 0; i < left; i++) this.#found.push(rows[i] as number);
    return count > 0;
  }
}

/** Rows by number, from 0; undefined beyond the last. */
export interface BlockSource {
  get(index: number): number | undefined;
}
