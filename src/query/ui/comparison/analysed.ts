import type { TraceReader } from "../../../component/read.ts";
import type { Gaps } from "../../gaps.ts";
import { shownId } from "../../shown-id.ts";
import type { TraceColumns } from "../columns-format.ts";
import { columnsOf } from "../columns-of.ts";
import { requireTrace } from "../one-trace.ts";

/** A stored trace as the analysis and the pages have it. Throws as `requireTrace`. */
export async function readColumns(
  reader: TraceReader,
  id: string,
  signal: AbortSignal,
  gaps: Gaps,
): Promise<TraceColumns> {
  const fragments = await requireTrace(reader, id, signal, gaps);
  return columnsOf(shownId(fragments, id), fragments).columns;
}
