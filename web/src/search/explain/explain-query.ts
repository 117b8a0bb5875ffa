import { queryOptions } from "@tanstack/react-query";
import type { UiSelectionExplained } from "../../../../src/query/ui/explain-selection/explain-types.ts";
import { getJson } from "../../api/client.ts";
import { withLists } from "../../api/with-lists.ts";

/** In which attributes selected traces differ from the others. */
export function explainQuery(asked: Readonly<Record<string, string>>) {
  return queryOptions({
    queryKey: ["explain-selection", asked],
    queryFn: ({ signal }) =>
      withLists(getJson<UiSelectionExplained>("api/ui/explain-selection", asked, signal), "attributes"),
    staleTime: 60_000,
    retry: false,
  });
}
