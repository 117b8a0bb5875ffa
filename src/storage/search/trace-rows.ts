import type { SpanColumns } from "../../model/span-columns.ts";
import { type CachedBlock, traceAt } from "../block-cache.ts";

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

/**
 * All stored spans of a trace in log order. Of byte-equal spans with one span id and kind, as a sender makes them that
 * repeats a request whose acknowledgement it did not see, only the first is kept; spans that differ are all kept.
 */
export function traceRows(blocks: readonly CachedBlock[], traceId: Uint8Array, loadBody: LoadBody): TraceRows[] {
  const seen = new Map<string, Seen[]>();
  const result: TraceRows[] = [];
  for (const block of blocks) {
    const { columns } = block;
    const position = traceAt(columns, traceId);
    if (position < 0) continue;
    const rows: number[] = [];
    for (let row = columns.traceIndex.indexOf(position as never); row >= 0; ) {
      const key = spanKey(columns, row);
      const others = seen.get(key);
      if (others === undefined) seen.set(key, [{ block, row }]);
      if (!others?.some((other) => sameBytes(other, { block, row }, loadBody))) {
        others?.push({ block, row });
        rows.push(row);
      }
      row = columns.traceIndex.indexOf(position as never, row + 1);
    }
    if (rows.length > 0) result.push({ block, rows });
  }
  return result;
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
