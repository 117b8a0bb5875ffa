import type { SpanColumns } from "../../model/span-columns.ts";
import type { CachedBlock } from "../block-cache.ts";

/** The rows of one block that belong to one trace, ascending. */
export interface TraceRows {
  readonly block: CachedBlock;
  readonly rows: readonly number[];
}

type LoadBody = (block: CachedBlock) => Uint8Array | undefined;

interface Seen {
  readonly block: CachedBlock;
  readonly row: number;
}

/** Rows of a block that belong to the trace, duplicates included; undefined where there are none. */
export function rowsOfTrace(block: CachedBlock, traceId: Uint8Array): TraceRows | undefined {
  const { traceIndex, count } = block.columns;
  const position = traceAt(block.columns, traceId);
  if (position < 0) return undefined;
  const rows: number[] = [];
  for (let row = 0; row < count; row++) if (traceIndex[row] === position) rows.push(row);
  return { block, rows };
}

/**
 * Of byte-equal spans with one span id and kind, as a sender makes them that repeats a request whose acknowledgement it
 * did not see, only the first; spans that differ are all kept. `trace` is in log order, and so is the result.
 */
export function withoutDuplicates(trace: readonly TraceRows[], loadBody: LoadBody): TraceRows[] {
  if (allDistinct(trace)) return [...trace];
  const seen = new Map<string, Seen[]>();
  const result: TraceRows[] = [];
  for (const { block, rows } of trace) {
    const kept = rows.filter((row) => {
      const key = spanKey(block.columns, row);
      const others = seen.get(key);
      if (others?.some((other) => sameBytes(other, { block, row }, loadBody))) return false;
      if (others === undefined) seen.set(key, [{ block, row }]);
      else others.push({ block, row });
      return true;
    });
    if (kept.length > 0) result.push({ block, rows: kept });
  }
  return result;
}

/** True where no two spans have one id: nearly always, and much cheaper to find out. */
function allDistinct(trace: readonly TraceRows[]): boolean {
  const seen = new Set<number>();
  let count = 0;
  for (const { block, rows } of trace) {
    const { spanIds } = block.columns;
    for (const row of rows) {
      const at = row * 8;
      // 53 of the 64 bits: spans that differ only in the others are looked at more closely for nothing.
      let id = (spanIds[at + 1] as number) & 0x1f;
      for (let i = at + 2; i < at + 8; i++) id = id * 256 + (spanIds[i] as number);
      seen.add(id);
      count++;
    }
  }
  return seen.size === count;
}

/** Position of the trace in columns.traceIds, or -1. */
function traceAt({ traceIds }: SpanColumns, traceId: Uint8Array): number {
  for (let at = 0; at < traceIds.length; at += 16) {
    let i = 0;
    while (i < 16 && traceIds[at + i] === traceId[i]) i++;
    if (i === 16) return at / 16;
  }
  return -1;
}

/** Equal for byte-equal spans, and hardly ever for others: id, kind, times and length. */
function spanKey(columns: SpanColumns, row: number): string {
  const { spanIds, kind, startLow, startHigh, endLow, endHigh, spanStart, spanEnd } = columns;
  let high = 0;
  let low = 0;
  for (let i = row * 8; i < row * 8 + 4; i++) {
    high = high * 256 + (spanIds[i] as number);
    low = low * 256 + (spanIds[i + 4] as number);
  }
  const length = (spanEnd[row] as number) - (spanStart[row] as number);
  return `${high},${low},${kind[row]},${startHigh[row]},${startLow[row]},${endHigh[row]},${endLow[row]},${length}`;
}

function sameBytes(a: Seen, b: Seen, loadBody: LoadBody): boolean {
  const bodyA = loadBody(a.block);
  const bodyB = loadBody(b.block);
  if (bodyA === undefined || bodyB === undefined) return false;
  return Buffer.compare(spanBytes(bodyA, a), spanBytes(bodyB, b)) === 0;
}

function spanBytes(body: Uint8Array, { block, row }: Seen): Uint8Array {
  return body.subarray(block.columns.spanStart[row], block.columns.spanEnd[row]);
}
