import { rootRow } from "../../../../src/query/analysis/root-row.ts";
import { COLUMN_MARK, type TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import type { TraceLayout } from "./layout.ts";

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

/** The spans of one service and operation with the most self time between them. */
export interface SlowestOperation {
  /** The one of them with the most, the first of equals. */
  readonly row: number;
  readonly spans: number;
  /** Of all of them, ns. */
  readonly selfNano: number;
}

/**
 * Where most of the time of a request went: an operation that is called forty times is one place. Only what lies inside
 * the root counts, where it has arrived: work that goes on after the answer keeps nobody waiting, and a span of a wrong
 * clock did not run. Undefined where no span has self time.
 */
export function slowestOperation(
  columns: TraceColumns,
  layout: Pick<TraceLayout, "size">,
): SlowestOperation | undefined {
  const self = selfTimes(insideRoot(columns, layout));
  const operations = new Map<number, { row: number; spans: number; selfNano: number }>();
  let slowest: SlowestOperation | undefined;
  for (let row = 0; row < columns.count; row++) {
    const key = columns.service[row]! * columns.names.length + columns.name[row]!;
    const operation = operations.get(key) ?? { row, spans: 0, selfNano: 0 };
    operations.set(key, operation);
    operation.spans++;
    operation.selfNano += self[row]!;
    if (self[row]! > self[operation.row]!) operation.row = row;
  }
  for (const operation of operations.values()) {
    if (operation.selfNano > (slowest?.selfNano ?? 0)) slowest = operation;
  }
  return slowest;
}

/** Spans cut to the root's interval, those outside of it without a duration. */
function insideRoot(columns: TraceColumns, layout: Pick<TraceLayout, "size">) {
  const { count, parent, marks } = columns;
  const root = rootRow(columns, layout.size);
  const from = root === undefined ? Number.NEGATIVE_INFINITY : columns.start[root]!;
  const to = root === undefined ? Number.POSITIVE_INFINITY : from + columns.duration[root]!;
  const start = new Float64Array(count);
  const duration = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const begins = Math.max(from, columns.start[row]!);
    const ends = Math.min(to, columns.start[row]! + columns.duration[row]!);
    start[row] = begins;
    duration[row] = (marks[row]! & COLUMN_MARK.impossibleTime) === 0 ? Math.max(0, ends - begins) : 0;
  }
  return { count, parent, start, duration };
}
