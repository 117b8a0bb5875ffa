import { HASH_SEED, hashBytes } from "../../model/attribute-hash.ts";

interface Entry<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
}

/**
 * A bounded table by bytes: a look-up makes no string. When it is full it begins anew, so that what is seen once does
 * not keep out what is seen again and again.
 */
export class BytesTable<T> {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  /** Random, so that a sender cannot choose bytes that collide. */
  readonly #seed = HASH_SEED ^ Math.floor(Math.random() * 0x1_0000_0000);
  readonly #slots: (Entry<T> | undefined)[];
  #count = 0;
  #used = 0;

  /** @param maxBytes of all keys together */
  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
    this.#slots = new Array(2 ** Math.ceil(Math.log2(maxEntries * 2)));
  }

  /** What is kept under bytes[from, to). */
  find(bytes: Uint8Array, from: number, to: number): T | undefined {
    return this.#slots[this.#slotOf(bytes, from, to)]?.value;
  }

  /** Keeps a copy of the bytes, which are not in the table. */
  add(bytes: Uint8Array, from: number, to: number, value: T): void {
    if (this.#count >= this.#maxEntries || this.#used + to - from > this.#maxBytes) {
      this.#slots.fill(undefined);
      this.#count = 0;
      this.#used = 0;
    }
    this.#count++;
    this.#used += to - from;
    this.#slots[this.#slotOf(bytes, from, to)] = { bytes: bytes.slice(from, to), value };
  }

  /** Where the bytes are, or could be. */
  #slotOf(bytes: Uint8Array, from: number, to: number): number {
    const hash = hashBytes(this.#seed, bytes, from, to);
    const mask = this.#slots.length - 1;
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot];
      if (entry === undefined || same(entry.bytes, bytes, from, to)) return slot;
    }
  }
}

function same(key: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (key.length !== to - from) return false;
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[from + i]) return false;
  return true;
}
