const FIRST_IDS = 256;
/** A larger table is given back before the next batch. */
const KEPT_SLOTS = 1 << 18;

/**
 * The distinct trace ids of one batch: 16 bytes each in `bytes`, found again through an open-addressed table whose slots
 * are stamped with the batch, so that clearing costs nothing.
 */
export class TraceIdTable {
  bytes = new Uint8Array(16 * FIRST_IDS);
  count = 0;
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
    this.#stamps = new Uint32Array(FIRST_IDS * 4);
    this.#slots = new Uint32Array(FIRST_IDS * 4);
  }

  /** The position of the id at from[at, at + 16). */
  add(from: Uint8Array, at: number): number {
    const mask = this.#slots.length - 1;
    let slot = this.#hash(from, at) & mask;
    while (this.#stamps[slot] === this.#stamp) {
      const position = this.#slots[slot] as number;
      if (this.#same(position * 16, from, at)) return position;
      slot = (slot + 1) & mask;
    }
    const position = this.count++;
    if (position * 16 === this.bytes.length) {
      const larger = new Uint8Array(this.bytes.length * 2);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    const bytes = this.bytes;
    const to = position * 16;
    for (let i = 0; i < 16; i++) bytes[to + i] = from[at + i] as number;
    this.#stamps[slot] = this.#stamp;
    this.#slots[slot] = position;
    if (this.count * 2 > this.#slots.length) this.#grow();
    return position;
  }

  #same(to: number, from: Uint8Array, at: number): boolean {
    const bytes = this.bytes;
    for (let i = 0; i < 16; i++) if (bytes[to + i] !== from[at + i]) return false;
    return true;
  }

  #hash(b: Uint8Array, at: number): number {
    let h = this.#seed;
    for (let i = at; i < at + 16; i += 4) {
      const word =
        (b[i] as number) | ((b[i + 1] as number) << 8) | ((b[i + 2] as number) << 16) | ((b[i + 3] as number) << 24);
      h = Math.imul(h ^ word, 0x85ebca6b);
      h ^= h >>> 15;
    }
    return h;
  }

  #grow(): void {
    const size = this.#slots.length * 4;
    const mask = size - 1;
    this.#stamps = new Uint32Array(size);
    this.#slots = new Uint32Array(size);
    for (let position = 0; position < this.count; position++) {
      let slot = this.#hash(this.bytes, position * 16) & mask;
      while (this.#stamps[slot] === this.#stamp) slot = (slot + 1) & mask;
      this.#stamps[slot] = this.#stamp;
      this.#slots[slot] = position;
    }
  }
}
