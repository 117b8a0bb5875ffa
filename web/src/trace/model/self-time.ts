import { rootRow } from "../../../../src/query/analysis/root-row.ts";
import { selfTimes } from "../../../../src/query/analysis/self-time.ts";
import { COLUMN_MARK, type TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import type { TraceLayout } from "./layout.ts";

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
