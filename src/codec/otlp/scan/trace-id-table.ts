const FIRST_IDS = 256;
/** A larger table is given back before the next batch. */
const KEPT_SLOTS = 1 << 18;
const FACTOR = 0x85ebca6b;

/**
 * The distinct trace ids of one batch: 16 bytes each in `bytes`, found again through an open-addressed table whose
 * slots are stamped with the batch, so that clearing costs nothing. Ids are handled as four little-endian int32, as
 * typed arrays have them on every platform supported: a byte at a time costs three times as much.
 */
export class TraceIdTable {
  bytes = new Uint8Array(16 * FIRST_IDS);
  count = 0;
  #words = new Int32Array(this.bytes.buffer);
  /** Random, so that a sender cannot choose ids that collide. */
  readonly #seed = Math.floor(Math.random() * 0x1_0000_0000);
  #stamps = new Uint32Array(FIRST_IDS * 4);
  #slots = new Uint32Array(FIRST_IDS * 4);
  #stamp = 0;

  begin(): void {
    this.count = 0;
    this.#stamp++;
    if (this.#slots.length <= KEPT_SLOTS) return;
    this.bytes = new Uint8Array(16 * FIRST_IDS);
    this.#words = new Int32Array(this.bytes.buffer);
    this.#stamps = new Uint32Array(FIRST_IDS * 4);
    this.#slots = new Uint32Array(FIRST_IDS * 4);
  }

  /** The position of the id of these four words. */
  add(a: number, b: number, c: number, d: number): number {
    const mask = this.#slots.length - 1;
    let words = this.#words;
    let slot = this.#hash(a, b, c, d) & mask;
    while (this.#stamps[slot] === this.#stamp) {
      const position = this.#slots[slot] as number;
      const at = position * 4;
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return position;
      slot = (slot + 1) & mask;
    }
    const position = this.count++;
    const to = position * 4;
    if (to === words.length) {
      const larger = new Uint8Array(this.bytes.length * 2);
      larger.set(this.bytes);
      this.bytes = larger;
      words = new Int32Array(larger.buffer);
      this.#words = words;
    }
    words[to] = a;
    words[to + 1] = b;
    words[to + 2] = c;
    words[to + 3] = d;
    this.#stamps[slot] = this.#stamp;
    this.#slots[slot] = position;
    if (this.count * 2 > this.#slots.length) this.#grow();
    return position;
  }

  #hash(a: number, b: number, c: number, d: number): number {
    let h = Math.imul(this.#seed ^ a, FACTOR);
    h = Math.imul(h ^ (h >>> 15) ^ b, FACTOR);
    h = Math.imul(h ^ (h >>> 15) ^ c, FACTOR);
    h = Math.imul(h ^ (h >>> 15) ^ d, FACTOR);
    return h ^ (h >>> 15);
  }

  #grow(): void {
    const size = this.#slots.length * 4;
    const mask = size - 1;
    const words = this.#words;
    this.#stamps = new Uint32Array(size);
    this.#slots = new Uint32Array(size);
    for (let position = 0; position < this.count; position++) {
      const at = position * 4;
      const [a, b, c, d] = [words[at], words[at + 1], words[at + 2], words[at + 3]] as [number, number, number, number];
      let slot = this.#hash(a, b, c, d) & mask;
      while (this.#stamps[slot] === this.#stamp) slot = (slot + 1) & mask;
      this.#stamps[slot] = this.#stamp;
      this.#slots[slot] = position;
    }
  }
}
