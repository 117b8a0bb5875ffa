import { crc32 } from "node:zlib";
import type { BodyPool } from "./body-pool.ts";

/** Bodies are about 250 kB for 512 spans: some 30,000 spans. */
const RING_BYTES = 16 * 1024 * 1024;
/** More than fit unless they are smaller than 16 kB on average. */
const SLOTS = 1024;
const SLOT_NUMBERS = 3;
const SLOT_WORDS = 2;
const HEADER_BYTES = 8;
const WORD_BYTES = 8;
const SLOTS_BYTES = SLOTS * (SLOT_NUMBERS * 8 + SLOT_WORDS * 4);

/** A body in the ring that no reader finds yet. */
export interface PlacedBody {
  /** Bytes ever placed before it, gaps included. */
  readonly at: number;
  readonly length: number;
  readonly crc: number;
}

/**
 * The bodies of the newest rows, uncompressed, in memory that the threads of the store share: what was just stored is
 * what exporters take next and what people look at first, and inflating it costs more than everything else done with
 * it.
 *
 * One thread writes, any number read, without locks: a reader copies, then looks whether the ring has come round
 * meanwhile, and whether the checksum, which covers the row's name, is that of the copy. Whatever is not certain is not
 * found, and is read from the segment.
 */
export class RecentBodies {
  /** Bytes ever placed, gaps included: what lies more than a ring's length before is overwritten. */
  readonly #placed: BigInt64Array;
  /** Of each slot: segment, row, place. */
  readonly #numbers: Float64Array;
  /** Of each slot: length, checksum. */
  readonly #words: Uint32Array;
  readonly #ring: Uint8Array;
  readonly #pool: BodyPool | undefined;

  /** Memory for the threads of one store. Untouched parts of it cost nothing. */
  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(HEADER_BYTES + SLOTS_BYTES + RING_BYTES);
  }

  /** Copies are made in memory of `pool` where one is given. */
  constructor(memory: SharedArrayBuffer, pool?: BodyPool) {
    this.#pool = pool;
    this.#placed = new BigInt64Array(memory, 0, 1);
    this.#numbers = new Float64Array(memory, HEADER_BYTES, SLOTS * SLOT_NUMBERS);
    this.#words = new Uint32Array(memory, HEADER_BYTES + SLOTS * SLOT_NUMBERS * 8, SLOTS * SLOT_WORDS);
    this.#ring = new Uint8Array(memory, HEADER_BYTES + SLOTS_BYTES);
  }

  /** Copies a body into the ring, before its row is known; undefined where it would take too much of it. */
  place(body: Uint8Array): PlacedBody | undefined {
    const size = this.#ring.length;
    const { length } = body;
    if (length > size / 8) return undefined;
    // Copying into shared memory goes byte by byte unless both sides begin at a whole word.
    let at = wholeWords(Number(Atomics.load(this.#placed, 0)));
    if ((at % size) + length > size) at += size - (at % size);
    // First: from here on nobody trusts what is being overwritten.
    Atomics.store(this.#placed, 0, BigInt(at + length));
    this.#ring.set(body, at % size);
    return { at, length, crc: crc32(body) };
  }

  /** Lets readers find a placed body, once its row is committed. */
  publish(segment: number, block: number, { at, length, crc }: PlacedBody): void {
    const slot = block % SLOTS;
    this.#numbers[slot * SLOT_NUMBERS] = segment;
    this.#numbers[slot * SLOT_NUMBERS + 1] = block;
    this.#numbers[slot * SLOT_NUMBERS + 2] = at;
    this.#words[slot * SLOT_WORDS] = length;
    this.#words[slot * SLOT_WORDS + 1] = crc ^ nameHash(segment, block);
  }

  /** A copy of a row's body; undefined where it is not, or not any more, in the ring. */
  get(segment: number, block: number): Uint8Array<ArrayBuffer> | undefined {
    const slot = block % SLOTS;
    if (this.#numbers[slot * SLOT_NUMBERS] !== segment || this.#numbers[slot * SLOT_NUMBERS + 1] !== block) {
      return undefined;
    }
    const at = this.#numbers[slot * SLOT_NUMBERS + 2] as number;
    const length = this.#words[slot * SLOT_WORDS] as number;
    const checksum = this.#words[slot * SLOT_WORDS + 1] as number;
    const size = this.#ring.length;
    if (!this.#holds(at) || length > size - (at % size)) return undefined;
    const body = this.#pool?.take(length) ?? new Uint8Array(length);
    body.set(this.#ring.subarray(at % size, (at % size) + length));
    if (!this.#holds(at) || (crc32(body) ^ nameHash(segment, block)) >>> 0 !== checksum) return undefined;
    return body;
  }

  #holds(at: number): boolean {
    return Number(Atomics.load(this.#placed, 0)) - at <= this.#ring.length;
  }
}

function wholeWords(bytes: number): number {
  return Math.ceil(bytes / WORD_BYTES) * WORD_BYTES;
}

function nameHash(segment: number, block: number): number {
  return Math.imul(segment, 0x9e37_79b1) ^ Math.imul(block, 0x85eb_ca6b);
}
