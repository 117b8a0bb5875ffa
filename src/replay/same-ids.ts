import type { SpanColumns } from "../model/span-columns.ts";

/** A power of two; four numbers a slot. */
const SLOTS = 1 << 20;
const MOST = SLOTS * 0.7;

/** What is said of spans that have the trace id, span id and kind of one before. */
export interface SameIds {
  /** Began at the same time too: the same span again, as senders do that got no answer. */
  repeated: number;
  /** Began at another time: another span, of which readers may show one. */
  colliding: number;
}

/**
 * Finds spans whose ids a span before had, in 16 MiB: about the last 700 thousand are known, by hashes of 64 bits. The
 * kind belongs to the id, as both sides of a call may share one (B3).
 */
export class SameIdFinder {
  readonly found: SameIds = { repeated: 0, colliding: 0 };
  readonly #slots = new Uint32Array(SLOTS * 4);
  #used = 0;

  /** @returns whether the row collides */
  add(columns: SpanColumns, row: number): boolean {
    const { traceIds, traceIndex, spanIds, kind, startLow, startHigh } = columns;
    let [a, b] = [0x811c_9dc5 ^ (kind[row] as number), 0x9e37_79b9];
    const mix = (bytes: Uint8Array, from: number, to: number) => {
      for (let at = from; at < to; at++) {
        a = Math.imul(a ^ (bytes[at] as number), 0x0100_0193);
        b = Math.imul(b + (bytes[at] as number) + (b >>> 15), 0x85eb_ca6b);
      }
    };
    const trace = (traceIndex[row] as number) * 16;
    mix(traceIds, trace, trace + 16);
    mix(spanIds, row * 8, row * 8 + 8);
    a = (a ^ (b >>> 13)) >>> 0 || 1;
    b >>>= 0;
    const start = Math.imul(startHigh[row] as number, 31) ^ (startLow[row] as number);
    return this.#put(a, b, start >>> 0);
  }

  #put(a: number, b: number, start: number): boolean {
    const slots = this.#slots;
    let at = (a & (SLOTS - 1)) * 4;
    for (; slots[at] !== 0; at = (at + 4) & (SLOTS * 4 - 1)) {
      if (slots[at] !== a || slots[at + 1] !== b) continue;
      if (slots[at + 2] === start) this.found.repeated++;
      else this.found.colliding++;
      return slots[at + 2] !== start;
    }
    if (this.#used >= MOST) {
      slots.fill(0);
      this.#used = 0;
      at = (a & (SLOTS - 1)) * 4;
    }
    slots[at] = a;
    slots[at + 1] = b;
    slots[at + 2] = start;
    this.#used++;
    return false;
  }
}
