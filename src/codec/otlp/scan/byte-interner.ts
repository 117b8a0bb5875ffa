import { HASH_SEED, hashBytes } from "../../../model/attribute-hash.ts";
import { utf8Text } from "../../utf8.ts";

const MAX_ENTRIES = 16_384;
const MAX_BYTES = 4 << 20;

/**
 * UTF-8 byte ranges to strings, remembered from batch to batch so that a name seen before costs no allocation. `intern`
 * gives the position in `strings`, the distinct texts of the present batch. What is remembered is bounded: beyond
 * 16,384 texts or 4 MiB the next batch begins anew.
 */
export class ByteInterner {
  /** Distinct texts since `begin`, in order of first use. */
  strings: string[] = [];
  /** Random, so that a sender cannot choose names that collide. */
  readonly #seed: number;
  #slots = new Int32Array(1024);
  #batch = 0;
  #count = 0;
  #arena = new Uint8Array(16 << 10);
  #used = 0;
  #hashes = new Int32Array(512);
  #starts = new Uint32Array(512);
  #lengths = new Uint32Array(512);
  #positions = new Uint32Array(512);
  #batches = new Uint32Array(512);
  #texts: string[] = [];

  constructor() {
    this.#seed = HASH_SEED ^ Math.floor(Math.random() * 0x1_0000_0000);
  }

  /** Begins a batch: `strings` is a new, empty list. */
  begin(): void {
    this.strings = [];
    this.#batch++;
    if (this.#count <= MAX_ENTRIES && this.#used <= MAX_BYTES) return;
    this.#slots = new Int32Array(1024);
    this.#arena = new Uint8Array(16 << 10);
    this.#hashes = new Int32Array(512);
    this.#starts = new Uint32Array(512);
    this.#lengths = new Uint32Array(512);
    this.#positions = new Uint32Array(512);
    this.#batches = new Uint32Array(512);
    this.#texts = [];
    this.#count = 0;
    this.#used = 0;
  }

  intern(bytes: Uint8Array, start: number, end: number): number {
    let hash = hashBytes(this.#seed, bytes, start, end);
    hash ^= hash >>> 15;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = (slots[slot] as number) - 1;
      if (entry < 0) return this.#add(bytes, start, end, hash, slot);
      if (this.#hashes[entry] === hash && this.#same(entry, bytes, start, end)) {
        return this.#batches[entry] === this.#batch ? (this.#positions[entry] as number) : this.#use(entry);
      }
      slot = (slot + 1) & mask;
    }
  }

  #same(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#lengths[entry] !== end - start) return false;
    const arena = this.#arena;
    let at = this.#starts[entry] as number;
    for (let i = start; i < end; i++) if (bytes[i] !== arena[at++]) return false;
    return true;
  }

  #use(entry: number): number {
    const position = this.strings.length;
    this.strings.push(this.#texts[entry] as string);
    this.#batches[entry] = this.#batch;
    this.#positions[entry] = position;
    return position;
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const entry = this.#count++;
    if (entry === this.#hashes.length) this.#growEntries();
    const length = end - start;
    if (this.#used + length > this.#arena.length) {
      const arena = new Uint8Array(Math.max(this.#arena.length * 2, this.#used + length));
      arena.set(this.#arena);
      this.#arena = arena;
    }
    this.#arena.set(bytes.subarray(start, end), this.#used);
    this.#starts[entry] = this.#used;
    this.#lengths[entry] = length;
    this.#used += length;
    this.#hashes[entry] = hash;
    this.#texts[entry] = utf8Text(bytes, start, end);
    this.#slots[slot] = entry + 1;
    if (this.#count * 2 > this.#slots.length) this.#growSlots();
    return this.#use(entry);
  }

  #growEntries(): void {
    const size = this.#hashes.length * 2;
    this.#hashes = grownInt(this.#hashes, size);
    this.#starts = grown(this.#starts, size);
    this.#lengths = grown(this.#lengths, size);
    this.#positions = grown(this.#positions, size);
    this.#batches = grown(this.#batches, size);
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 4);
    const mask = slots.length - 1;
    for (let entry = 0; entry < this.#count; entry++) {
      let slot = (this.#hashes[entry] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry + 1;
    }
    this.#slots = slots;
  }
}

function grown(array: Uint32Array<ArrayBuffer>, size: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(size);
  larger.set(array);
  return larger;
}

function grownInt(array: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(size);
  larger.set(array);
  return larger;
}
