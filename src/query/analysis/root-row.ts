import { SPAN_MARK } from "../../model/span.ts";
import type { AnalysedTrace } from "./analysed-trace.ts";

/**
 * The row that the request began with: of the spans that name no parent and took some time, the one with the most spans
 * below it, the first of equals. `size`: rows of each subtree. Undefined where there is none: `whyNoRoot`.
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

/** Why no row is the root: what is the matter with the first span that names no parent, if one has arrived. */
export function whyNoRoot(
  trace: Pick<AnalysedTrace, "count" | "parent" | "missingRows" | "marks" | "duration">,
): string {
  const missing = new Set<number>(Array.from(trace.missingRows));
  for (let row = 0; row < trace.count; row++) {
    if ((trace.parent[row] as number) >= 0 || missing.has(row)) continue;
    if (((trace.marks[row] as number) & SPAN_MARK.impossibleTime) !== 0) {
      return "the root span's start or end time is missing or impossible";
    }
    return (trace.duration[row] as number) < 0 ? "the root span ends before it starts" : "the root span took no time";
  }
  return "the root span has not arrived";
}
