import type { SourceBlock } from "./source-blocks.ts";

/** Spans of several source rows: parallel lists of positions in the rows and of rows of their columns. */
export interface SpanRefs {
  readonly rows: Uint32Array;
  readonly spans: Uint32Array;
}

export interface GroupingLimits {
  readonly maxSpans: number;
  /** Of span messages. */
  readonly maxBytes: number;
}

/**
 * The spans of all rows in parts that keep traces together, ordered by the earliest start of the trace. A trace that is
 * larger than a part may be is spread over as many as it needs.
 */
export function groupByTrace(rows: readonly SourceBlock[], limits: GroupingLimits): SpanRefs[] {
  const total = rows.reduce((sum, { columns }) => sum + columns.count, 0);
  const refRow = new Uint32Array(total);
  const refSpan = new Uint32Array(total);
  const refTrace = new Uint32Array(total);
  const numbers = new Map<string, number>();
  const earliest: number[] = [];
  const sizes: number[] = [];
  let at = 0;
  for (const [index, { columns }] of rows.entries()) {
    const { traceIds, traceIndex, startHigh, startLow, count } = columns;
    const ids = Buffer.from(traceIds.buffer, traceIds.byteOffset, traceIds.length);
    const known: number[] = [];
    for (let id = 0; id < traceIds.length; id += 16) {
      const key = ids.toString("latin1", id, id + 16);
      let number = numbers.get(key);
      if (number === undefined) {
        number = numbers.size;
        numbers.set(key, number);
        earliest.push(Number.POSITIVE_INFINITY);
        sizes.push(0);
      }
      known.push(number);
    }
    for (let span = 0; span < count; span++) {
      const trace = known[traceIndex[span] as number] as number;
      const start = (startHigh[span] as number) * 0x1_0000_0000 + (startLow[span] as number);
      if (start < (earliest[trace] as number)) earliest[trace] = start;
      sizes[trace] = (sizes[trace] as number) + 1;
      refRow[at] = index;
      refSpan[at] = span;
      refTrace[at++] = trace;
    }
  }
  const order = Uint32Array.from(earliest, (_, trace) => trace).sort(
    (a, b) => (earliest[a] as number) - (earliest[b] as number) || a - b,
  );
  return cut(rows, refRow, refSpan, sortByTrace(refTrace, order, sizes), order, sizes, limits);
}

/** Positions of the references, trace by trace in the given order, within a trace as they came. */
function sortByTrace(refTrace: Uint32Array, order: Uint32Array, sizes: readonly number[]): Uint32Array {
  const next = new Uint32Array(order.length);
  let at = 0;
  for (const trace of order) {
    next[trace] = at;
    at += sizes[trace] as number;
  }
  const sorted = new Uint32Array(refTrace.length);
  for (let i = 0; i < refTrace.length; i++) {
    const trace = refTrace[i] as number;
    const place = next[trace] as number;
    sorted[place] = i;
    next[trace] = place + 1;
  }
  return sorted;
}

function cut(
  rows: readonly SourceBlock[],
  refRow: Uint32Array,
  refSpan: Uint32Array,
  sorted: Uint32Array,
  order: Uint32Array,
  sizes: readonly number[],
  { maxSpans, maxBytes }: GroupingLimits,
): SpanRefs[] {
  const parts: SpanRefs[] = [];
  let from = 0;
  let bytes = 0;
  const flush = (to: number) => {
    if (to === from) return;
    const part = sorted.subarray(from, to);
    parts.push({ rows: part.map((ref) => refRow[ref] as number), spans: part.map((ref) => refSpan[ref] as number) });
    from = to;
    bytes = 0;
  };
  let at = 0;
  for (const trace of order) {
    const size = sizes[trace] as number;
    let traceBytes = 0;
    for (let i = at; i < at + size; i++) traceBytes += lengthOf(rows, refRow, refSpan, sorted[i] as number);
    const whole = size <= maxSpans && traceBytes <= maxBytes;
    if (at + size - from > maxSpans || bytes + traceBytes > maxBytes) flush(at);
    if (!whole) {
      for (let i = at; i < at + size; i++) {
        const length = lengthOf(rows, refRow, refSpan, sorted[i] as number);
        if (i - from >= maxSpans || (i > from && bytes + length > maxBytes)) flush(i);
        bytes += length;
      }
    } else bytes += traceBytes;
    at += size;
  }
  flush(at);
  return parts;
}

function lengthOf(rows: readonly SourceBlock[], refRow: Uint32Array, refSpan: Uint32Array, ref: number): number {
  const { columns } = rows[refRow[ref] as number] as SourceBlock;
  const span = refSpan[ref] as number;
  return (columns.spanEnd[span] as number) - (columns.spanStart[span] as number);
}
