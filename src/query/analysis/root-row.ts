import { SPAN_MARK } from "../../model/span.ts";
import type { AnalysedTrace } from "./analysed-trace.ts";

/**
 * The row that the request began with: of the spans that name no parent and have a possible time, the one with the most
 * spans below it, the first of equals. `size`: rows of each subtree. Undefined where none has arrived.
 */
export function rootRow(
  trace: Pick<AnalysedTrace, "count" | "parent" | "missingRows" | "marks" | "duration">,
  size: Int32Array,
): number | undefined {
  const missing = new Set<number>(Array.from(trace.missingRows));
  let root: number | undefined;
  for (let row = 0; row < trace.count; row += size[row] as number) {
    if (missing.has(row) || ((trace.marks[row] as number) & SPAN_MARK.impossibleTime) !== 0) continue;
    if ((trace.duration[row] as number) <= 0) continue;
    if (root === undefined || (size[row] as number) > (size[root] as number)) root = row;
  }
  return root;
}
