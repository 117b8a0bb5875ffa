import { PackedTraceTable } from "./packed-trace-table.ts";

const NONE = -1;
const FIRST_SLOTS = 1024;
/** Copied whenever it is full: half as much again each time. */
const GROWTH = 1.5;

/**
 * Which rows of one segment may hold a trace, while rows are being added: a chain of entries for each slot of a hash
 * table, 12 bytes a pair of `traceIdHash` and row and up to 8 for the slots. An answer may be wrong only where two
 * trace ids share a 32-bit hash: callers compare the ids themselves.
 */
export class TraceTable {
  #size = 0;
  #hashes = new Uint32Array(FIRST_SLOTS);
  #rows = new Uint32Array(FIRST_SLOTS);
  /** The entry before in the chain of a slot. */
  #earlier = new Int32Array(FIRST_SLOTS);
  #latest = new Int32Array(FIRST_SLOTS).fill(NONE);

  get bytes(): number {
    return this.#hashes.byteLength * 3 + this.#latest.byteLength;
  }

  /** The pair of an unsigned 32-bit hash and a row counted from 0; rows come in ascending order. */
  add(hash: number, row: number): void {
    if (this.#size === this.#hashes.length) this.#grow();
    const entry = this.#size++;
    this.#hashes[entry] = hash;
    this.#rows[entry] = row;
    this.#link(entry);
  }

  /** Rows from `from` on that may hold the trace, ascending. */
  rows(hash: number, from = 0): number[] {
    const found: number[] = [];
    const latest = this.#latest;
    for (let at = latest[hash & (latest.length - 1)] as number; at !== NONE; at = this.#earlier[at] as number) {
      if ((this.#rows[at] as number) < from) break;
      if (this.#hashes[at] === hash) found.push(this.#rows[at] as number);
    }
    return found.reverse();
  }

  /** How many these are. */
  count(hash: number): number {
    let count = 0;
    const latest = this.#latest;
    for (let at = latest[hash & (latest.length - 1)] as number; at !== NONE; at = this.#earlier[at] as number) {
      if (this.#hashes[at] === hash) count++;
    }
    return count;
  }

  /** The same pairs in a quarter of the memory, to which nothing can be added. */
  pack(): PackedTraceTable {
    return new PackedTraceTable(this.#hashes.subarray(0, this.#size), this.#rows.subarray(0, this.#size));
  }

  #link(entry: number): void {
    const slot = (this.#hashes[entry] as number) & (this.#latest.length - 1);
    this.#earlier[entry] = this.#latest[slot] as number;
    this.#latest[slot] = entry;
  }

  #grow(): void {
    const room = Math.ceil(this.#size * GROWTH);
    this.#hashes = grown(this.#hashes, new Uint32Array(room));
    this.#rows = grown(this.#rows, new Uint32Array(room));
    this.#earlier = grown(this.#earlier, new Int32Array(room));
    if (this.#size < this.#latest.length) return;
    this.#latest = new Int32Array(this.#latest.length * 2).fill(NONE);
    for (let entry = 0; entry < this.#size; entry++) this.#link(entry);
  }
}

function grown<T extends Uint32Array | Int32Array>(array: T, larger: T): T {
  larger.set(array);
  return larger;
}
