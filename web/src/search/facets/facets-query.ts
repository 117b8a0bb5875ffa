import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { UiFacetsResponse } from "../../../../src/query/ui/facets/facet-types.ts";
import { getJson } from "../../api/client.ts";
import { withLists } from "../../api/with-lists.ts";
import { type SearchParams, searchConditions } from "../params/search-params.ts";
import type { SearchRange } from "../params/search-query.ts";

/** Attributes of a search, and values of one where more of them are asked for. */
export const MOST_FACETS = 200;
const MANY = 100;

/** What the matching spans of all traces of a search say. */
export function facetsQuery(params: SearchParams, range: SearchRange) {
  const asked = { ...searchConditions(params), ...range, keys: String(MOST_FACETS) };
  return queryOptions({
    queryKey: ["facets", asked],
    queryFn: ({ signal }) => withLists(getJson<UiFacetsResponse>("api/ui/facets", asked, signal), "facets"),
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  });
}

/** The same of one attribute, with many of its values. */
export function facetQuery(params: SearchParams, range: SearchRange, field: string) {
  const asked = { ...searchConditions(params), ...range, field, values: String(MANY) };
  return queryOptions({
    queryKey: ["facets", asked],
    queryFn: ({ signal }) => withLists(getJson<UiFacetsResponse>("api/ui/facets", asked, signal), "facets"),
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  });
}
