/**
 * A set of unsigned 32-bit numbers that is filled, read and cleared many times without allocating: open addressing
 * over a power-of-two table that holds positions in the list of members.
 */
export class HashSet {
  #list: Uint32Array<ArrayBuffer>;
  /** Position in the list + 1; 0 is free. */
  #table: Uint32Array<ArrayBuffer>;
  #mask: number;
  #size = 0;

  /** `expected` members fit without growing. */
  constructor(expected = 1024) {
    let slots = 16;
    while (slots < expected * 2) slots *= 2;
    this.#list = new Uint32Array(slots / 2);
    this.#table = new Uint32Array(slots);
    this.#mask = slots - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** The members in the order they came: the first `size` are valid, until the next add or clear. */
  get list(): Uint32Array<ArrayBuffer> {
    return this.#list;
  }

  /** True when `value` was not in the set. */
  add(value: number): boolean {
    const wanted = value >>> 0;
    const table = this.#table;
    const list = this.#list;
    const mask = this.#mask;
    let slot = Math.imul(wanted, 0x9e3779b1) & mask;
    for (;;) {
      const position = table[slot] as number;
      if (position === 0) break;
      if (list[position - 1] === wanted) return false;
      slot = (slot + 1) & mask;
    }
    if (this.#size === list.length) {
      this.#grow();
      return this.add(wanted);
    }
    list[this.#size] = wanted;
    this.#size++;
    table[slot] = this.#size;
    return true;
  }

  /** Adds values[start .. end). */
  addRange(values: Uint32Array, start: number, end: number): void {
    for (let i = start; i < end; i++) this.add(values[i] as number);
  }

  clear(): void {
    if (this.#size > 0) this.#table.fill(0);
    this.#size = 0;
  }

  #grow(): void {
    const members = this.#list;
    this.#list = new Uint32Array(members.length * 2);
    this.#table = new Uint32Array(members.length * 4);
    this.#mask = this.#table.length - 1;
    this.#size = 0;
    for (const member of members) this.add(member);
  }
}
