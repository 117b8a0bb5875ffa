import type { SpanColumns } from "../../model/span-columns.ts";
import type { CachedBlock, TraceRows } from "../cache/cached-block.ts";

type LoadBody = (block: CachedBlock) => Uint8Array | undefined;

interface Seen {
  readonly block: CachedBlock;
  readonly row: number;
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
