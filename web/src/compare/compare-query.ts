import { queryOptions } from "@tanstack/react-query";
import type { UiComparison, UiTypical } from "../../../src/query/ui/comparison/comparison-types.ts";
import { getJson } from "../api/client.ts";
import { withLists } from "../api/with-lists.ts";
import { type TracePair, TYPICAL } from "../format/trace-pair.ts";

/** How the second trace differs from the first. */
export function comparisonQuery({ a, b }: TracePair) {
  return queryOptions({
    queryKey: ["compare", a, b],
    queryFn: ({ signal }) =>
      withLists(
        getJson<UiComparison>(`api/ui/traces/${a}/compare/${b}`, {}, signal),
        "sentences",
        "differences",
        "places",
      ),
    staleTime: 30_000,
    enabled: a !== TYPICAL && b !== TYPICAL,
    retry: false,
  });
}

/** A request of the trace's operation that took as long as most do. */
export function typicalQuery(traceId: string) {
  return queryOptions({
    queryKey: ["typical", traceId],
    queryFn: ({ signal }) => getJson<UiTypical>(`api/ui/traces/${traceId}/typical`, {}, signal),
    staleTime: 30_000,
    retry: false,
  });
}
