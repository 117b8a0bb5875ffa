import type { SpanColumns } from "../../model/span-columns.ts";
import type { CachedBlock, TraceRows } from "../cache/cached-block.ts";
import { spanMeaning } from "./span-meaning.ts";

type LoadBody = (block: CachedBlock) => Uint8Array | undefined;

interface Seen {
  readonly block: CachedBlock;
  readonly row: number;
}

/** Spans of one id and kind that are shown. */
interface SameId {
  /** The one without an end, where no complete one has come. */
  open: Seen | undefined;
  /** Complete ones by their times. */
  readonly complete: Map<string, SameTimes>;
}

interface SameTimes {
  readonly first: Seen;
  /** Of all of them, once there are two. */
  bytes: Set<string> | undefined;
  meanings: Set<string> | undefined;
}

/**
 * A trace with every span once. Two stored spans are the same span where trace, id and kind agree and
 * - they say the same, in whatever encoding: a sender repeats a request whose acknowledgement it did not see, and what
 *   passes it on may write it anew. The first is shown;
 * - or one is still open, which is to say that its end is 0: it gives way to a complete one, and to a later open one.
 *
 * Spans that differ otherwise are all kept, and so are those whose bytes cannot be read. `trace` is in log order, and
 * so is the result.
 */
export function withoutDuplicates(trace: readonly TraceRows[], loadBody: LoadBody): TraceRows[] {
  if (allDistinct(trace)) return [...trace];
  const seen = new Map<string, SameId>();
  /** Rows that are not shown, by the position of their part in the trace. */
  const hidden = trace.map(() => new Set<number>());
  const partOf = new Map(trace.map(({ block }, part) => [block, part]));
  const hide = ({ block, row }: Seen) => hidden[partOf.get(block) as number]?.add(row);
  for (const { block, rows } of trace) {
    for (const row of rows) {
      const span = { block, row };
      const key = idKey(block.columns, row);
      let same = seen.get(key);
      if (same === undefined) {
        same = { open: undefined, complete: new Map() };
        seen.set(key, same);
      }
      if (isOpen(block.columns, row) ? same.complete.size > 0 : isRepeated(same, span, loadBody)) {
        hide(span);
        continue;
      }
      if (same.open !== undefined) hide(same.open);
      same.open = isOpen(block.columns, row) ? span : undefined;
    }
  }
  return trace.flatMap(({ block, rows }, part) => {
    const left = rows.filter((row) => hidden[part]?.has(row) !== true);
    return left.length === 0 ? [] : { block, rows: left };
  });
}

/** Whether a complete span says what one before it says; else it is kept among them. */
function isRepeated({ complete }: SameId, span: Seen, loadBody: LoadBody): boolean {
  const key = timesKey(span.block.columns, span.row);
  const same = complete.get(key);
  if (same === undefined) {
    complete.set(key, { first: span, bytes: undefined, meanings: undefined });
    return false;
  }
  const own = spanBytes(span, loadBody);
  if (own === undefined) return false;
  if (same.bytes === undefined) {
    const first = spanBytes(same.first, loadBody);
    if (first === undefined) return false;
    same.bytes = new Set([latin1(first)]);
  }
  const text = latin1(own);
  if (same.bytes.has(text)) return true;
  same.bytes.add(text);
  if (same.meanings === undefined) {
    const first = spanBytes(same.first, loadBody);
    same.meanings = new Set(first === undefined ? [] : [meaningOf(first)]);
  }
  const meaning = meaningOf(own);
  if (same.meanings.has(meaning)) return true;
  same.meanings.add(meaning);
  return false;
}

/** True where no two spans have one id: nearly always, and much cheaper to find out. */
function allDistinct(trace: readonly TraceRows[]): boolean {
  let size = 16;
  const count = trace.reduce((sum, { rows }) => sum + rows.length, 0);
  while (size < count * 2) size *= 2;
  // Both halves of an id in the slot of its hash, or in one of those after it; two zeros are free.
  const slots = new Int32Array(size * 2);
  const mask = size - 1;
  for (const { block, rows } of trace) {
    const { spanIds } = block.columns;
    for (const row of rows) {
      const high = readHalf(spanIds, row * 8);
      const low = readHalf(spanIds, row * 8 + 4);
      // No span has this id; if one had, they would be looked at more closely for nothing.
      if (high === 0 && low === 0) return false;
      const hash = Math.imul(high, 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b);
      let slot = (hash ^ (hash >>> 15)) & mask;
      while (slots[slot * 2] !== 0 || slots[slot * 2 + 1] !== 0) {
        if (slots[slot * 2] === high && slots[slot * 2 + 1] === low) return false;
        slot = (slot + 1) & mask;
      }
      slots[slot * 2] = high;
      slots[slot * 2 + 1] = low;
    }
  }
  return true;
}

/** Four bytes as a signed number. */
function readHalf(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

function isOpen({ endHigh, endLow }: SpanColumns, row: number): boolean {
  return endHigh[row] === 0 && endLow[row] === 0;
}

function idKey({ spanIds, kind }: SpanColumns, row: number): string {
  return `${readHalf(spanIds, row * 8)},${readHalf(spanIds, row * 8 + 4)},${kind[row]}`;
}

function timesKey({ startLow, startHigh, endLow, endHigh }: SpanColumns, row: number): string {
  return `${startHigh[row]},${startLow[row]},${endHigh[row]},${endLow[row]}`;
}

function spanBytes({ block, row }: Seen, loadBody: LoadBody): Uint8Array | undefined {
  return loadBody(block)?.subarray(block.columns.spanStart[row], block.columns.spanEnd[row]);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function meaningOf(bytes: Uint8Array): string {
  return spanMeaning(bytes, 0, bytes.length);
}
