import { SpanIdTable } from "../../model/collections/span-id-table.ts";
import { bytesToHex } from "../../model/ids.ts";
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
export function allDistinct(trace: readonly TraceRows[]): boolean {
  const ids = new SpanIdTable(trace.reduce((sum, { rows }) => sum + rows.length, 0));
  let count = 0;
  for (const { block, rows } of trace) {
    for (const row of rows) {
      if (ids.addFirst(block.columns.spanIds, row * 8, count) !== count) return false;
      count++;
    }
  }
  return true;
}

function isOpen({ endHigh, endLow }: SpanColumns, row: number): boolean {
  return endHigh[row] === 0 && endLow[row] === 0;
}

function idKey({ spanIds, kind }: SpanColumns, row: number): string {
  return bytesToHex(spanIds, row * 8, 8) + kind[row];
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
