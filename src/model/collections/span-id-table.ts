const EMPTY = -1;

/**
 * Span id → entries of that id, in the order they were added, without a string or an object a span: open addressing
 * over the two halves of the id, and a chain for ids that several entries share.
 */
export class SpanIdTable {
  readonly #mask: number;
  readonly #slots: Int32Array;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #next: Int32Array;

  /** For entries numbered from 0 to capacity − 1. */
  constructor(capacity: number) {
    let size = 16;
    while (size < capacity * 2) size *= 2;
    this.#mask = size - 1;
    this.#slots = new Int32Array(size).fill(EMPTY);
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
    this.#next = new Int32Array(capacity).fill(EMPTY);
  }

  add(bytes: Uint8Array, at: number, entry: number): void {
    const first = this.addFirst(bytes, at, entry);
    if (first !== entry) this.addTo(first, entry);
  }

  /** The first entry of the id: this one where the id is new; else it is not added. */
  addFirst(bytes: Uint8Array, at: number, entry: number): number {
    const high = readHalf(bytes, at);
    const low = readHalf(bytes, at + 4);
    const slot = this.#slotOf(high, low);
    const first = this.#slots[slot] as number;
    if (first !== EMPTY) return first;
    this.#slots[slot] = entry;
    this.#high[entry] = high;
    this.#low[entry] = low;
    return entry;
  }

  /** Adds an entry to those of the id that this first one has. */
  addTo(first: number, entry: number): void {
    let last = first;
    while (this.#next[last] !== EMPTY) last = this.#next[last] as number;
    this.#next[last] = entry;
  }

  /** The first entry of the id in the 8 bytes from `at`, or -1. */
  find(bytes: Uint8Array, at: number): number {
    return this.#slots[this.#slotOf(readHalf(bytes, at), readHalf(bytes, at + 4))] as number;
  }

  /** True when other entries have the id of this first one. */
  isShared(first: number): boolean {
    return this.#next[first] !== EMPTY;
  }

  /** The first of the entries from `first` on that satisfies the test, or -1. */
  inChain(first: number, test: (entry: number) => boolean): number {
    for (let entry = first; entry !== EMPTY; entry = this.#next[entry] as number) if (test(entry)) return entry;
    return EMPTY;
  }

  #slotOf(high: number, low: number): number {
    let hash = Math.imul(high, 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = this.#slots[slot] as number;
      if (entry === EMPTY || (this.#high[entry] === high && this.#low[entry] === low)) return slot;
    }
  }
}

function readHalf(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
