import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";

/**
 * Time of each row, in ns, in which none of its children ran: its duration without the union of theirs, of which only
 * what lies inside it counts. Rows are in pre-order with siblings by start, so that one pass is enough.
 */
export function selfTimes({
  count,
  parent,
  start,
  duration,
}: Pick<TraceColumns, "count" | "parent" | "start" | "duration">): Float64Array {
  const self = new Float64Array(count);
  const reach = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    self[row] = Math.max(0, duration[row]!);
    reach[row] = start[row]!;
    const up = parent[row]!;
    if (up < 0) continue;
    const from = Math.max(start[row]!, reach[up]!);
    const to = Math.min(start[row]! + duration[row]!, start[up]! + duration[up]!);
    if (to <= from) continue;
    self[up]! -= to - from;
    reach[up] = to;
  }
  return self;
}

/** The row with the most self time, the first of equals; undefined where none has any. */
export function slowestRow(columns: TraceColumns): { readonly row: number; readonly selfNano: number } | undefined {
  const self = selfTimes(columns);
  let best = 0;
  for (let row = 1; row < self.length; row++) if (self[row]! > self[best]!) best = row;
  const selfNano = self[best] ?? 0;
  return selfNano > 0 ? { row: best, selfNano } : undefined;
}
