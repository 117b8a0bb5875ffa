import { SPAN_KIND } from "../../model/span.ts";
import type { SpanTable } from "./span-table.ts";

/** Rows of a table by trace: those of trace i are `rows[begin[i]]` to `rows[begin[i + 1] - 1]`, by start. */
export interface RowsByTrace {
  readonly begin: Uint32Array;
  readonly rows: Uint32Array;
}

export function rowsByTrace(table: SpanTable): RowsByTrace {
  const traceOf = table.traceOf.view();
  const start = table.start.view();
  const begin = new Uint32Array(table.traces + 1);
  for (const trace of traceOf) begin[trace + 1] = (begin[trace + 1] as number) + 1;
  for (let trace = 0; trace < table.traces; trace++) {
    begin[trace + 1] = (begin[trace + 1] as number) + (begin[trace] as number);
  }
  const next = begin.slice();
  const rows = new Uint32Array(table.count);
  for (let row = 0; row < table.count; row++) {
    const trace = traceOf[row] as number;
    const at = next[trace] as number;
    next[trace] = at + 1;
    rows[at] = row;
  }
  for (let trace = 0; trace < table.traces; trace++) {
    rows.subarray(begin[trace], begin[trace + 1]).sort((a, b) => (start[a] as number) - (start[b] as number) || a - b);
  }
  return { begin, rows };
}

/** Marks of rows that have no parent among the rows of their trace. */
export const NO_PARENT = { root: -1, missing: -2, repeated: -3 } as const;

/**
 * Finds parents by ids. Client and server may share an id, as Zipkin's do: then the server is the child, and has the
 * children. A span that came twice counts once.
 */
export class ParentFinder {
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #parentHigh: Uint32Array;
  readonly #parentLow: Uint32Array;
  readonly #kindOf: (row: number) => number;
  /** Positions among the rows, + 1, by hash of their id; open addressing. */
  #slots = new Int32Array(256);

  constructor(table: SpanTable) {
    this.#high = table.idHigh.view();
    this.#low = table.idLow.view();
    this.#parentHigh = table.parentHigh.view();
    this.#parentLow = table.parentLow.view();
    const operationOf = table.operationOf.view();
    this.#kindOf = (row) => (table.operations[operationOf[row] as number] as { readonly kind: number }).kind;
  }

  /** Writes for each row of a trace the position of its parent among these rows, or one of NO_PARENT. */
  find(rows: Uint32Array, parents: Int32Array): void {
    this.#begin(rows.length);
    for (let at = 0; at < rows.length; at++) parents[at] = this.#insert(rows, at) ? NO_PARENT.root : NO_PARENT.repeated;
    for (let at = 0; at < rows.length; at++) {
      if (parents[at] !== NO_PARENT.repeated) parents[at] = this.#parentOf(rows, at);
    }
    breakCircles(parents, rows.length);
  }

  #begin(count: number): void {
    let size = 256;
    while (size < count * 2) size *= 2;
    if (size > this.#slots.length) this.#slots = new Int32Array(size);
    else this.#slots.fill(0);
  }

  /** False where a span of the same id and kind is there. */
  #insert(rows: Uint32Array, at: number): boolean {
    const row = rows[at] as number;
    const [high, low] = [this.#high[row] as number, this.#low[row] as number];
    for (let slot = this.#slot(high, low); ; slot = this.#after(slot)) {
      const other = (this.#slots[slot] as number) - 1;
      if (other < 0) {
        this.#slots[slot] = at + 1;
        return true;
      }
      const otherRow = rows[other] as number;
      const same = this.#high[otherRow] === high && this.#low[otherRow] === low;
      if (same && this.#kindOf(otherRow) === this.#kindOf(row)) return false;
    }
  }

  #parentOf(rows: Uint32Array, at: number): number {
    const row = rows[at] as number;
    if (this.#kindOf(row) === SPAN_KIND.server) {
      const client = this.#named(rows, this.#high[row] as number, this.#low[row] as number, SPAN_KIND.client);
      if (client.exact >= 0) return client.exact;
    }
    const [high, low] = [this.#parentHigh[row] as number, this.#parentLow[row] as number];
    if (high === 0 && low === 0) return NO_PARENT.root;
    const { exact, any } = this.#named(rows, high, low, SPAN_KIND.server);
    const found = exact >= 0 ? exact : any;
    return found === at || found < 0 ? NO_PARENT.missing : found;
  }

  /** Positions of the row that has this id and this kind, and of the first that has this id; -1 where there is none. */
  #named(rows: Uint32Array, high: number, low: number, kind: number): { readonly exact: number; readonly any: number } {
    let any = -1;
    for (let slot = this.#slot(high, low); ; slot = this.#after(slot)) {
      const at = (this.#slots[slot] as number) - 1;
      if (at < 0) return { exact: -1, any };
      const row = rows[at] as number;
      if (this.#high[row] !== high || this.#low[row] !== low) continue;
      if (this.#kindOf(row) === kind) return { exact: at, any: any < 0 ? at : any };
      if (any < 0) any = at;
    }
  }

  #slot(high: number, low: number): number {
    const mixed = Math.imul(high ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & (this.#slots.length - 1);
  }

  #after(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1);
  }
}

/** A span that is its own ancestor is a root. */
function breakCircles(parents: Int32Array, count: number): void {
  const seen = new Int32Array(count);
  for (let at = 0; at < count; at++) {
    let up = at;
    while (up >= 0 && seen[up] === 0) {
      seen[up] = at + 1;
      up = parents[up] as number;
    }
    if (up >= 0 && seen[up] === at + 1) parents[up] = NO_PARENT.missing;
  }
}
