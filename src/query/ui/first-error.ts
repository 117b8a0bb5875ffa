import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import type { TraceReader } from "../../component/read.ts";
import { hexToBytes } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import type { TraceSummary } from "../../model/trace-query.ts";
import { firstErrorRow } from "../analysis/first-error-row.ts";
import type { UiFirstError, UiTraceSummary } from "./api-types.ts";
import { errorText, shortenedError } from "./error-text.ts";
import { buildTraceTree } from "./trace-tree.ts";

/** What a search may spend on reading its errors, ms: rows after that say that theirs was not read. */
const BUDGET_MS = 50;
/** Longer traces are not read for a row of a list. */
const MAX_SPANS = 5_000;

/** What a row of a list says of its first error. */
export type RowError = Pick<UiTraceSummary, "firstError" | "firstErrorUnread">;

/**
 * Where each found trace went wrong first, by trace id, or why that was not read: traces without errors have no entry.
 * Reads a trace only for a row that has errors.
 */
export async function firstErrors(
  reader: TraceReader,
  traces: readonly TraceSummary[],
  signal: AbortSignal,
  budgetMs: number = BUDGET_MS,
): Promise<ReadonlyMap<string, RowError>> {
  const found = new Map<string, RowError>();
  const deadline = performance.now() + budgetMs;
  for (const { traceId, errorCount, spanCount } of traces) {
    if (errorCount === 0) continue;
    if (spanCount > MAX_SPANS) found.set(traceId, { firstErrorUnread: "size" });
    else if (performance.now() >= deadline) found.set(traceId, { firstErrorUnread: "time" });
    else {
      const error = firstError(await reader.trace(hexToBytes(traceId) as Uint8Array, signal));
      if (error !== undefined) found.set(traceId, { firstError: error });
    }
  }
  return found;
}

/** Where the trace went wrong first (firstErrorRow), and what that span says about why. */
export function firstError(fragments: readonly LogFragment[]): UiFirstError | undefined {
  const tree = buildTraceTree(fragments);
  const place = (row: number) => ({
    block: (fragments[tree.fragment[row] as number] as LogFragment).block,
    row: tree.source[row] as number,
  });
  const status = new Uint8Array(tree.count);
  for (let row = 0; row < tree.count; row++) {
    const { block, row: source } = place(row);
    status[row] = block.columns.status[source] as number;
  }
  const first = firstErrorRow({ ...tree, status });
  if (first === undefined) return undefined;
  const { block, row } = place(first);
  for (const { span, service } of fragmentRecords({ block, rows: [row] })) {
    return { spanId: span.spanId, service, name: span.name, text: shortenedError(errorText(span)) };
  }
  return undefined;
}
