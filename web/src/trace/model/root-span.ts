import { rootRow } from "../../../../src/query/analysis/root-row.ts";
import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import type { TimeWindow } from "../../format/time-scale.ts";
import type { TraceLayout } from "./layout.ts";

/** From the root's start to its end; undefined without a root, and where the whole trace is hardly longer. */
export function rootWindow(
  columns: TraceColumns,
  layout: Pick<TraceLayout, "size">,
  extent: number,
): TimeWindow | undefined {
  const root = rootRow(columns, layout.size);
  if (root === undefined) return undefined;
  const from = Math.max(0, columns.start[root]!);
  const to = columns.start[root]! + columns.duration[root]!;
  return to - from < 0.9 * extent ? { from, to } : undefined;
}
