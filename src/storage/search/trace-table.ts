/** Rows are kept modulo this: 32 bits of hash and 21 of row fit the 53 exact bits of a float64. */
const ROW_SPAN = 2 ** 21;

/**
 * Which rows of one segment may hold a trace: pairs of `traceIdHash` and row as sorted runs of float64, 8 bytes a pair.
 * Runs are merged as they grow (each is at least twice as long as the next), so that a look-up is a few binary
 * searches. An answer may be wrong only where two trace ids share a 32-bit hash: callers compare the ids themselves.
 */
export class TraceTable {
  #runs: Float64Array[] = [];
  #rows = 0;

  get bytes(): number {
    return this.#runs.reduce((sum, run) => sum + run.byteLength, 0);
  }

  /** Adds pairs: hashes[i] (unsigned 32-bit) occurs in rows[i], counted from 0. */
  add(hashes: readonly number[], rows: readonly number[]): void {
    if (hashes.length === 0) return;
    const run = new Float64Array(hashes.length);
    for (let i = 0; i < run.length; i++) {
      const row = rows[i] as number;
      run[i] = (hashes[i] as number) * ROW_SPAN + (row % ROW_SPAN);
      if (row >= this.#rows) this.#rows = row + 1;
    }
    this.#runs.push(run.sort());
    for (let last = this.#runs.length - 1; last > 0; last--) {
      const newer = this.#runs[last] as Float64Array;
      const older = this.#runs[last - 1] as Float64Array;
      if (older.length >= newer.length * 2) break;
      this.#runs.splice(last - 1, 2, merge(older, newer));
    }
  }

  /** Rows that may hold the trace, ascending. */
  rows(hash: number): number[] {
    const found: number[] = [];
    const low = hash * ROW_SPAN;
    const high = low + ROW_SPAN;
    for (const run of this.#runs) {
      for (let i = lowerBound(run, low); i < run.length && (run[i] as number) < high; i++) {
        for (let row = (run[i] as number) - low; row < this.#rows; row += ROW_SPAN) found.push(row);
      }
    }
    return found.sort((a, b) => a - b);
  }
}

function merge(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length + b.length);
  let i = 0;
  let j = 0;
  for (let at = 0; at < out.length; at++) {
    const takeA = j >= b.length || (i < a.length && (a[i] as number) <= (b[j] as number));
    out[at] = takeA ? (a[i++] as number) : (b[j++] as number);
  }
  return out;
}

function lowerBound(run: Float64Array, value: number): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((run[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
