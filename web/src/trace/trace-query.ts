import { queryOptions } from "@tanstack/react-query";
import { decodeTraceColumns, type TraceColumns } from "../../../src/query/ui/columns-format.ts";
import { getBytes, type Incomplete, nullWhereNotFound } from "../api/client.ts";
import { buildTraceModel, type TraceModel } from "./model/trace-model.ts";

/** A trace by its 32 hex digits; null where no span of it is stored. */
export function traceQuery(traceId: string) {
  return queryOptions({
    queryKey: ["trace", traceId],
    queryFn: async ({ signal, client, queryKey, meta }): Promise<(TraceModel & Incomplete) | null> => {
      // The server has the browser ask for this path along with the page (src/app/ui-port/web-files.ts).
      const answer = await getBytes(`api/ui/traces/${traceId}/columns`, signal, meta?.local).catch(nullWhereNotFound);
      if (answer === null) return null;
      const { bytes, ...incomplete } = answer;
      const columns = decodeTraceColumns(bytes);
      // A refetch that brought nothing new keeps the model, so nothing on the page is computed again.
      const before = client.getQueryData<(TraceModel & Incomplete) | null>(queryKey) ?? undefined;
      if (before === undefined || !sameTrace(before.columns, columns)) {
        return { ...buildTraceModel(columns), ...incomplete };
      }
      if (before.incomplete === incomplete.incomplete) return before;
      const { incomplete: _, ...model } = before;
      return { ...model, ...incomplete };
    },
    structuralSharing: false,
    staleTime: 30_000,
    gcTime: 60_000,
  });
}

/** Stored spans do not change: as many, over the same time and with the same gaps are the same ones. */
function sameTrace(a: TraceColumns, b: TraceColumns): boolean {
  return (
    a.count === b.count &&
    a.collapsedDuplicates === b.collapsedDuplicates &&
    a.baseStartNano === b.baseStartNano &&
    a.durationNano === b.durationNano &&
    a.missingRows.length === b.missingRows.length
  );
}
