import { SpanIdTable } from "../model/collections/span-id-table.ts";
import type { LogFragment } from "../model/log.ts";
import { SPAN_KIND } from "../model/span.ts";

export function countRows(fragments: readonly LogFragment[]): number {
  let count = 0;
  for (const { rows } of fragments) count += rows.length;
  return count;
}

/** True when a client and a server span of the trace have one id, as Zipkin's do. Looks at columns only. */
export function sharesSpanIds(fragments: readonly LogFragment[]): boolean {
  const table = new SpanIdTable(countRows(fragments));
  let entry = 0;
  for (const { block, rows } of fragments) {
    for (const row of rows) {
      if (block.columns.kind[row] === SPAN_KIND.client) table.add(block.columns.spanIds, row * 8, entry++);
    }
  }
  return fragments.some(({ block: { columns }, rows }) =>
    rows.some((row) => columns.kind[row] === SPAN_KIND.server && table.find(columns.spanIds, row * 8) >= 0),
  );
}
