import { SpanIdTable } from "../../model/collections/span-id-table.ts";
import type { LogFragment } from "../../model/log.ts";
import { SPAN_KIND, SPAN_MARK } from "../../model/span.ts";
import { durationNano, hasDuration, serviceOf } from "../../model/span-columns.ts";
import { TIME_CLASS, type TimeClass, timeClass } from "../../model/span-times.ts";
import { COLUMN_MARK, PARENT_MISSING, PARENT_NONE } from "./columns-format.ts";

/** The rows of a trace in the order that every view of it shows. Arrays are indexed by row unless said otherwise. */
export interface TraceTree {
  readonly count: number;
  /** Spans left out because another of the same id and kind has a row. */
  readonly collapsed: number;
  /** Row → position in the fragments, and row of that fragment's columns. */
  readonly fragment: Uint32Array;
  readonly source: Uint32Array;
  /** A smaller row, PARENT_NONE or PARENT_MISSING. */
  readonly parent: Int32Array;
  /** Bits of COLUMN_MARK. */
  readonly marks: Uint8Array;
  /** ns after base; exact within 104 days of it. */
  readonly start: Float64Array;
  /** ns; may be negative. 0 where a time is impossible, and marked so. */
  readonly duration: Float64Array;
  /** Earliest start, ns since the epoch, of those that are believed most (TIME_CLASS); 0 where there is none. */
  readonly base: bigint;
  /** Latest end − earliest start, ns, over spans whose start and end are both believed as much. */
  readonly total: number;
}

/**
 * Finds parents, collapses duplicates, breaks cycles at their earliest span, and puts spans in pre-order: children and
 * roots by start, ties in log order. Where several spans share an id (Zipkin's client and server), a server span is the
 * child of the client span, and other children belong to the span of their own service, else to the server.
 */
export function buildTraceTree(fragments: readonly LogFragment[]): TraceTree {
  const entries = readEntries(fragments);
  const { parent, marks, collapsed } = findParents(fragments, entries);
  breakCycles(parent, marks, entries.start);
  return inPreOrder(entries, parent, marks, collapsed);
}

/** `parent` of an entry that is collapsed into another. */
const COLLAPSED = -3;

interface Entries {
  readonly count: number;
  readonly fragment: Uint32Array;
  readonly source: Uint32Array;
  readonly start: Float64Array;
  readonly duration: Float64Array;
  readonly base: bigint;
  readonly best: TimeClass;
  readonly total: number;
}

function readEntries(fragments: readonly LogFragment[]): Entries {
  let count = 0;
  for (const { rows } of fragments) count += rows.length;
  const fragment = new Uint32Array(count);
  const source = new Uint32Array(count);
  const start = new Float64Array(count);
  const duration = new Float64Array(count);
  const { base, best } = earliestStart(fragments);
  const baseHigh = Number(base >> 32n);
  const baseLow = Number(base & 0xffff_ffffn);
  let at = 0;
  let total = 0;
  for (let f = 0; f < fragments.length; f++) {
    const { block, rows } = fragments[f] as LogFragment;
    const { columns } = block;
    const { startHigh, startLow } = columns;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      fragment[at] = f;
      source[at] = row;
      const high = (startHigh[row] as number) - baseHigh;
      const begin = high * 0x1_0000_0000 + ((startLow[row] as number) - baseLow);
      const known = hasDuration(columns, row);
      const length = known ? durationNano(columns, row) : 0;
      const of = timeClass(startHigh[row] as number, startLow[row] as number);
      start[at] = best === TIME_CLASS.none ? 0 : begin;
      duration[at] = length;
      at++;
      // A span without a duration lasts at least until the last of the others began.
      if (of === best && of !== TIME_CLASS.none) total = Math.max(total, begin + length);
    }
  }
  return { count, fragment, source, start, duration, base, best, total };
}

function earliestStart(fragments: readonly LogFragment[]): { readonly base: bigint; readonly best: TimeClass } {
  let best: TimeClass = TIME_CLASS.none;
  let high = Number.POSITIVE_INFINITY;
  let low = 0;
  for (const { block, rows } of fragments) {
    const { startHigh, startLow } = block.columns;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      const h = startHigh[row] as number;
      const l = startLow[row] as number;
      const of = timeClass(h, l);
      if (of < best || of === TIME_CLASS.none) continue;
      if (of > best || h < high || (h === high && l < low)) {
        best = of;
        high = h;
        low = l;
      }
    }
  }
  return { base: high === Number.POSITIVE_INFINITY ? 0n : (BigInt(high) << 32n) | BigInt(low), best };
}

function findParents(fragments: readonly LogFragment[], entries: Entries) {
  const { count, fragment, source } = entries;
  const parent = new Int32Array(count).fill(PARENT_NONE);
  const marks = new Uint8Array(count);
  const kind = new Uint8Array(count);
  const table = new SpanIdTable(count);
  const columnsOf = (entry: number) => (fragments[fragment[entry] as number] as LogFragment).block.columns;
  const nameOfService = (entry: number) => serviceOf(columnsOf(entry), source[entry] as number);
  let collapsed = 0;
  let shared = false;
  for (let entry = 0; entry < count; entry++) {
    const columns = columnsOf(entry);
    const row = source[entry] as number;
    const ofKind = columns.kind[row] as number;
    kind[entry] = ofKind;
    marks[entry] = columns.marks[row] as number;
    // Beside spans of today one of 1970 has a wrong clock.
    const early = timeClass(columns.startHigh[row] as number, columns.startLow[row] as number) < entries.best;
    if (early || !hasDuration(columns, row)) marks[entry] = (marks[entry] as number) | SPAN_MARK.impossibleTime;
    const first = table.addFirst(columns.spanIds, row * 8, entry);
    if (first === entry) continue;
    const same = table.inChain(first, (other) => kind[other] === ofKind);
    if (same < 0) {
      table.addTo(first, entry);
      shared = true;
    } else {
      marks[same] = (marks[same] as number) | COLUMN_MARK.duplicate;
      parent[entry] = COLLAPSED;
      collapsed++;
    }
  }
  for (let entry = 0; entry < count; entry++) {
    if (parent[entry] === COLLAPSED) continue;
    const columns = columnsOf(entry);
    const row = source[entry] as number;
    if (shared && kind[entry] === SPAN_KIND.server) {
      const own = table.find(columns.spanIds, row * 8);
      const client = table.inChain(own, (other) => kind[other] === SPAN_KIND.client);
      if (client >= 0) {
        parent[entry] = client;
        continue;
      }
    }
    if (isZero(columns.parentIds, row * 8)) continue;
    const first = table.find(columns.parentIds, row * 8);
    if (first < 0) parent[entry] = PARENT_MISSING;
    else if (!table.isShared(first)) parent[entry] = first;
    else {
      const service = nameOfService(entry);
      const ofService = table.inChain(first, (other) => other !== entry && nameOfService(other) === service);
      const server = ofService >= 0 ? ofService : table.inChain(first, (other) => kind[other] === SPAN_KIND.server);
      parent[entry] = server >= 0 ? server : first;
    }
  }
  return { parent, marks, collapsed };
}

function isZero(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 8; i++) if (bytes[i] !== 0) return false;
  return true;
}

function breakCycles(parent: Int32Array, marks: Uint8Array, start: Float64Array): void {
  const seen = new Uint32Array(parent.length);
  for (let entry = 0; entry < parent.length; entry++) {
    const walk = entry + 1;
    let at = entry;
    while (at >= 0 && seen[at] === 0) {
      seen[at] = walk;
      at = parent[at] as number;
    }
    if (at < 0 || seen[at] !== walk) continue;
    let earliest = at;
    for (let next = parent[at] as number; next !== at; next = parent[next] as number) {
      const difference = (start[next] as number) - (start[earliest] as number);
      if (difference < 0 || (difference === 0 && next < earliest)) earliest = next;
    }
    parent[earliest] = PARENT_NONE;
    marks[earliest] = (marks[earliest] as number) | COLUMN_MARK.cycle;
  }
}

function inPreOrder(entries: Entries, parent: Int32Array, marks: Uint8Array, collapsed: number): TraceTree {
  const total = entries.count;
  const count = total - collapsed;
  const childStart = new Uint32Array(total + 1);
  for (let entry = 0; entry < total; entry++) {
    const up = parent[entry] as number;
    if (up >= 0) childStart[up + 1] = (childStart[up + 1] as number) + 1;
  }
  for (let i = 0; i < total; i++) childStart[i + 1] = (childStart[i + 1] as number) + (childStart[i] as number);
  const filled = childStart.slice();
  const children = new Uint32Array(childStart[total] as number);
  const roots = new Uint32Array(count - children.length);
  let rootCount = 0;
  for (let entry = 0; entry < total; entry++) {
    const up = parent[entry] as number;
    if (up === COLLAPSED) continue;
    if (up < 0) roots[rootCount++] = entry;
    else {
      const slot = filled[up] as number;
      children[slot] = entry;
      filled[up] = slot + 1;
    }
  }
  sortByStart(roots, 0, roots.length, entries.start);

  const tree = {
    count,
    collapsed,
    fragment: new Uint32Array(count),
    source: new Uint32Array(count),
    parent: new Int32Array(count),
    marks: new Uint8Array(count),
    start: new Float64Array(count),
    duration: new Float64Array(count),
    base: entries.base,
    total: entries.total,
  };
  const rowOf = new Uint32Array(total);
  const stack = new Uint32Array(count);
  stack.set(roots.toReversed());
  let top = roots.length;
  for (let row = 0; row < count; row++) {
    const entry = stack[--top] as number;
    const up = parent[entry] as number;
    rowOf[entry] = row;
    tree.fragment[row] = entries.fragment[entry] as number;
    tree.source[row] = entries.source[entry] as number;
    tree.parent[row] = up >= 0 ? (rowOf[up] as number) : up;
    tree.marks[row] = marks[entry] as number;
    tree.start[row] = entries.start[entry] as number;
    tree.duration[row] = entries.duration[entry] as number;
    const from = childStart[entry] as number;
    const to = childStart[entry + 1] as number;
    if (to - from > 1) sortByStart(children, from, to, entries.start);
    for (let i = to - 1; i >= from; i--) stack[top++] = children[i] as number;
  }
  return tree;
}

/** Sorts the entries in [from, to), given in log order, by start; most are in order already. */
function sortByStart(entries: Uint32Array, from: number, to: number, start: Float64Array): void {
  for (let i = from + 1; i < to; i++) {
    if ((start[entries[i] as number] as number) < (start[entries[i - 1] as number] as number)) {
      entries.subarray(from, to).sort((a, b) => (start[a] as number) - (start[b] as number) || a - b);
      return;
    }
  }
}
