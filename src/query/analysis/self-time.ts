import type { AnalysedTrace } from "./analysed-trace.ts";

/**
 * Time of each row, in ns, in which none of its children ran: its duration without the union of theirs, of which only
 * what lies inside it counts. Rows are in pre-order with siblings by start, so that one pass is enough.
 */
export function selfTimes({
  count,
  parent,
  start,
  duration,
}: Pick<AnalysedTrace, "count" | "parent" | "start" | "duration">): Float64Array {
  const self = new Float64Array(count);
  const reach = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const begins = start[row] as number;
    const nano = duration[row] as number;
    self[row] = Math.max(0, nano);
    reach[row] = begins;
    const up = parent[row] as number;
    if (up < 0) continue;
    const from = Math.max(begins, reach[up] as number);
    const to = Math.min(begins + nano, (start[up] as number) + (duration[up] as number));
    if (to <= from) continue;
    self[up] = (self[up] as number) - (to - from);
    reach[up] = to;
  }
  return self;
}
