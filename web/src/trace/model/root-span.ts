import { COLUMN_MARK, PARENT_NONE, type TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import type { TimeWindow } from "../../format/time-scale.ts";
import type { TraceLayout } from "./layout.ts";

/**
 * The row that the request began with: of the spans without a parent and with a possible time, the one with the most
 * spans below it, the first of equals. Undefined where none has arrived.
 */
export function rootRow(columns: TraceColumns, layout: Pick<TraceLayout, "size">): number | undefined {
  let root: number | undefined;
  for (let row = 0; row < columns.count; row += layout.size[row]!) {
    if (columns.parent[row] !== PARENT_NONE || (columns.marks[row]! & COLUMN_MARK.impossibleTime) !== 0) continue;
    if (columns.duration[row]! <= 0) continue;
    if (root === undefined || layout.size[row]! > layout.size[root]!) root = row;
  }
  return root;
}

/** From the root's start to its end; undefined without a root, and where the whole trace is hardly longer. */
export function rootWindow(
  columns: TraceColumns,
  layout: Pick<TraceLayout, "size">,
  extent: number,
): TimeWindow | undefined {
  const root = rootRow(columns, layout);
  if (root === undefined) return undefined;
  const from = Math.max(0, columns.start[root]!);
  const to = columns.start[root]! + columns.duration[root]!;
  return to - from < 0.9 * extent ? { from, to } : undefined;
}
