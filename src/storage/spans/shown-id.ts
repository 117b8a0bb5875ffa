import { ByteReader } from "../../codec/otlp/wire/wire.ts";
import { bytesToHex, type TraceKeyStart } from "../../model/ids.ts";
import type { SpanColumns } from "../../model/span-columns.ts";
import type { TraceSummary } from "../../model/trace-query.ts";
import type { TraceRows } from "../cache/cached-block.ts";

/** Field trace_id of a Span message. */
const TRACE_ID_TAG = 0x0a;

/** The distinct ids under which spans of one trace came, 32 hex digits each, the greatest first. */
export function idsOf(trace: readonly TraceRows[]): string[] {
  const ids = new Set<string>();
  for (const { block, rows } of trace) {
    const { traceIds, traceIndex } = block.columns;
    const seen = new Set<number>();
    for (const row of rows) seen.add(traceIndex[row] as number);
    for (const index of seen) ids.add(bytesToHex(traceIds, index * 16, 16));
  }
  return [...ids].sort().reverse();
}

/** Under which id a trace is shown that was found by `id`, 32 hex digits, and the others where there are any. */
export function identified(
  id: string,
  trace: readonly TraceRows[],
  from: TraceKeyStart,
): Pick<TraceSummary, "traceId" | "storedIds"> {
  const ids = from === 0 ? [] : idsOf(trace);
  const [traceId = id] = ids;
  return ids.length > 1 ? { traceId, storedIds: ids } : { traceId };
}

/**
 * The body with `id`, 16 bytes, in the place of the trace id of those rows that have another: the body itself where
 * none has, else a copy. Ids in the log have 16 bytes, so that nothing moves. Throws DecodeError where the columns do
 * not belong to the body.
 */
export function bodyUnderId(
  body: Uint8Array,
  columns: SpanColumns,
  rows: readonly number[],
  id: Uint8Array,
): Uint8Array {
  const { traceIds, traceIndex, spanStart, spanEnd } = columns;
  let changed: Uint8Array | undefined;
  for (const row of rows) {
    const at = (traceIndex[row] as number) * 16;
    if (Buffer.compare(traceIds.subarray(at, at + 16), id) === 0) continue;
    changed ??= new Uint8Array(body);
    const reader = new ByteReader(changed, spanStart[row], spanEnd[row]);
    while (reader.at < reader.end) {
      const tag = reader.tag();
      reader.skip(tag, 0);
      if (tag === TRACE_ID_TAG) changed.set(id, reader.at - 16);
    }
  }
  return changed ?? body;
}
