import type { TraceKeyStart } from "../../model/ids.ts";
import type { SpanColumns } from "../../model/span-columns.ts";

/**
 * The rows of one block by trace, made when first asked: looking through its ids and its rows for each of some hundred
 * traces costs more than everything else a search does.
 */
export class BlockTraces {
  readonly #columns: SpanColumns;
  readonly #from: TraceKeyStart;
  /** Position in traceIds + 1 in the slot of an id, or in one of those after it; 0 is free. */
  #slots: Uint16Array | Uint32Array | undefined;
  /** Rows of trace i are rows[starts[i], starts[i + 1]). */
  #starts: Uint32Array = new Uint32Array(1);
  #rows: Uint32Array = new Uint32Array(0);

  constructor(columns: SpanColumns, from: TraceKeyStart = 0) {
    this.#columns = columns;
    this.#from = from;
  }

  /** Rows that belong to the trace, ascending; empty where there are none. */
  rows(traceId: Uint8Array): number[] {
    this.#slots ??= this.#index();
    const slots = this.#slots;
    const { traceIds } = this.#columns;
    const mask = slots.length - 1;
    const from = this.#from;
    const rows: number[] = [];
    let ids = 0;
    for (let slot = slotOf(traceId, 0, from) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const trace = (slots[slot] as number) - 1;
      if (!sameId(traceIds, trace * 16, traceId, from)) continue;
      const end = this.#starts[trace + 1] as number;
      for (let i = this.#starts[trace] as number; i < end; i++) rows.push(this.#rows[i] as number);
      if (from === 0) return rows;
      ids++;
    }
    return ids > 1 ? rows.sort((a, b) => a - b) : rows;
  }

  #index(): Uint16Array | Uint32Array {
    const { count, traceIds, traceIndex } = this.#columns;
    const traces = traceIds.length / 16;
    let size = 4;
    while (size < traces * 2) size *= 2;
    const slots = traces < 0xffff ? new Uint16Array(size) : new Uint32Array(size);
    for (let trace = 0; trace < traces; trace++) {
      let slot = slotOf(traceIds, trace * 16, this.#from) & (size - 1);
      while (slots[slot] !== 0) slot = (slot + 1) & (size - 1);
      slots[slot] = trace + 1;
    }
    // While filling, starts[i + 1] is where the next row of trace i goes, and that ends as the start of trace i + 1.
    const starts = new Uint32Array(traces + 2);
    for (let row = 0; row < count; row++) add(starts, (traceIndex[row] as number) + 2);
    for (let i = 1; i < starts.length; i++) starts[i] = (starts[i] as number) + (starts[i - 1] as number);
    const rows = new Uint32Array(count);
    for (let row = 0; row < count; row++) rows[add(starts, (traceIndex[row] as number) + 1)] = row;
    this.#starts = starts;
    this.#rows = rows;
    return slots;
  }
}

/** Adds one to an element; what it was before. */
function add(numbers: Uint32Array, at: number): number {
  const before = numbers[at] as number;
  numbers[at] = before + 1;
  return before;
}

/** From all parts of an id: there are senders whose ids differ only at one end. */
function slotOf(ids: Uint8Array, at: number, from: TraceKeyStart): number {
  let hash = 0;
  for (let i = at + from; i < at + 16; i++) hash = Math.imul(hash ^ (ids[i] as number), 0x01000193);
  return hash ^ (hash >>> 15);
}

function sameId(ids: Uint8Array, at: number, id: Uint8Array, from: TraceKeyStart): boolean {
  for (let i: number = from; i < 16; i++) if (ids[at + i] !== id[i]) return false;
  return true;
}
