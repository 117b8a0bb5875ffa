import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { UiHeatMap, UiSearchResponse } from "../../../../src/query/ui/api-types.ts";
import { getJson } from "../../api/client.ts";
import { withLists } from "../../api/with-lists.ts";
import { type SearchParams, searchConditions, searchRequest, timeRange } from "./search-params.ts";

/** µs since the epoch. */
export interface SearchRange {
  readonly start?: string;
  readonly end?: string;
}

interface SearchPage {
  readonly after: string | undefined;
  /** Fixed by the first page, so that paging does not slide with the clock. */
  readonly range: SearchRange | undefined;
}

/** What an address asks for, page by page. */
export function searchQuery({ explain: _explain, ...params }: SearchParams) {
  return infiniteQueryOptions({
    queryKey: ["search", params],
    queryFn: async ({ pageParam, signal }) => {
      const range = pageParam.range ?? timeRange(params, Date.now());
      const page = await withLists(
        getJson<UiSearchResponse>("api/ui/search", searchRequest(params, range, pageParam.after), signal),
        "traces",
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

/** How many traces match a search in a range, however many are shown: a question of its own, as rows come sooner. */
export function totalQuery(params: SearchParams, range: SearchRange) {
  const { sort: _sort, limit: _limit, columns: _columns, explain: _explain, ...rest } = params;
  return queryOptions({
    queryKey: ["search-total", rest, range],
    queryFn: async ({ signal }) => {
      const asked = { ...searchRequest(rest, range, undefined), limit: "1", count: "true" };
      return (await withLists(getJson<UiSearchResponse>("api/ui/search", asked, signal), "traces")).total ?? null;
    },
    staleTime: 5_000,
  });
}

const NEWS_MS = 5_000;
/** A store that takes long to count is asked the less often. */
const REST = 20;

/** As totalQuery, again and again; `null` until it was first asked. */
export function newsQuery(params: SearchParams, range: SearchRange) {
  const { sort: _sort, limit: _limit, columns: _columns, explain: _explain, ...rest } = params;
  return queryOptions({
    queryKey: ["search-news", rest, range],
    queryFn: async ({ signal }) => {
      const asked = { ...searchRequest(rest, range, undefined), limit: "1", count: "true" };
      const began = performance.now();
      const { total } = await withLists(getJson<UiSearchResponse>("api/ui/search", asked, signal), "traces");
      return { total, tookMs: performance.now() - began };
    },
    initialData: null as { readonly total: UiSearchResponse["total"]; readonly tookMs: number } | null,
    staleTime: Number.POSITIVE_INFINITY,
    enabled: range.end === undefined,
    refetchInterval: ({ state }) => Math.max(NEWS_MS, (state.data?.tookMs ?? 0) * REST),
  });
}

/** When all traces of a search were and how long they took. */
export function heatQuery(params: SearchParams, range: SearchRange) {
  const asked = { ...searchConditions(params), ...range };
  return queryOptions({
    queryKey: ["heat-map", asked],
    queryFn: ({ signal }) => withLists(getJson<UiHeatMap>("api/ui/heatmap", asked, signal), "cells"),
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  });
}
