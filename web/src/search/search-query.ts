import { infiniteQueryOptions } from "@tanstack/react-query";
import type { UiSearchResponse } from "../../../src/query/ui/api-types.ts";
import { getJson } from "../api/client.ts";
import { type SearchParams, searchRequest, timeRange } from "./search-params.ts";

/** Traces a page where they are put in another order than the server's and no limit was asked for. */
const SORTED_LIMIT = "500";

interface SearchPage {
  readonly after: string | undefined;
  /** Fixed by the first page, so that paging does not slide with the clock. */
  readonly range: { readonly start?: string; readonly end?: string } | undefined;
}

/** What an address asks for, page by page. */
export function searchQuery(params: SearchParams) {
  // Newest first is the server's order; any other is made here, and of many traces it says more than of one page.
  const { sort = "recent", ...rest } = params;
  const asked = sort === "recent" || rest.limit !== undefined ? rest : { ...rest, limit: SORTED_LIMIT };
  return infiniteQueryOptions({
    queryKey: ["search", asked],
    queryFn: async ({ pageParam, signal }) => {
      const range = pageParam.range ?? timeRange(asked, Date.now());
      const page = await getJson<UiSearchResponse>(
        "api/ui/search",
        searchRequest(asked, range, pageParam.after),
        signal,
      );
      const { incomplete } = page;
      return { page, range, ...(incomplete === undefined ? {} : { incomplete }) };
    },
    initialPageParam: { after: undefined, range: undefined } as SearchPage,
    getNextPageParam: ({ page, range }): SearchPage | undefined =>
      page.next === undefined ? undefined : { after: page.next, range },
    staleTime: 5_000,
  });
}
