import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type {
  UiDependenciesResponse,
  UiLinkedFromResponse,
  UiRedResponse,
  UiSearchResponse,
  UiServicesResponse,
  UiSpanResponse,
  UiTraceSearchResponse,
} from "../../../src/query/ui/api-types.ts";
import { decodeTraceColumns, type TraceColumns } from "../../../src/query/ui/columns-format.ts";
import { type SearchParams, searchRequest, timeRange } from "../search/search-params.ts";
import { buildTraceModel, type TraceModel } from "../trace/model/trace-model.ts";
import { ApiError, getBytes, getJson } from "./client.ts";
import type { UiRegistryResponse } from "./registry.ts";
import type { UiStatusResponse } from "./status.ts";

/** How often figures that move are asked for again, and those that are still empty. */
const POLL_MS = 30_000;
const EMPTY_POLL_MS = 5_000;

export const servicesQuery = queryOptions({
  queryKey: ["services"],
  queryFn: ({ signal }) => getJson<UiServicesResponse>("api/ui/services", {}, signal),
  staleTime: 10_000,
});

export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: ({ signal }) => getJson<UiStatusResponse>("api/ui/status", {}, signal),
  staleTime: 5_000,
});

export function dependenciesQuery(lookbackMs: number) {
  return queryOptions({
    queryKey: ["dependencies", lookbackMs],
    queryFn: ({ signal }) => {
      const end = Date.now();
      const start = Number.isFinite(lookbackMs) ? end - lookbackMs : 0;
      return getJson<UiDependenciesResponse>("api/ui/dependencies", { start: String(start), end: String(end) }, signal);
    },
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (query.state.data?.links.length === 0 ? EMPTY_POLL_MS : POLL_MS),
  });
}

/** What services did in the last `lookbackMs`; with a service, its operations of every kind. Asked again every half minute. */
export function redQuery(lookbackMs: number, service?: string) {
  return queryOptions({
    queryKey: ["red", lookbackMs, service],
    queryFn: ({ signal }) => {
      const end = Date.now();
      const range = { start: String(end - lookbackMs), end: String(end) };
      const asked = service === undefined ? range : { ...range, service, kind: "all" };
      return getJson<UiRedResponse>("api/ui/red", asked, signal);
    },
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (query.state.data?.services.length === 0 ? EMPTY_POLL_MS : POLL_MS),
  });
}

/** The discovery registry; null where this collector has none. */
export const registryQuery = queryOptions({
  queryKey: ["registry"],
  queryFn: ({ signal }): Promise<UiRegistryResponse | null> =>
    getJson<UiRegistryResponse>("api/registry", {}, signal).catch(nullWhereNotFound),
  refetchInterval: (query) => (query.state.data === null ? false : 10_000),
});

/** Traces a page where they are put in another order than the server's and no limit was asked for. */
const SORTED_LIMIT = "500";

interface SearchPage {
  readonly after: string | undefined;
  /** Fixed by the first page, so that paging does not slide with the clock. */
  readonly range: { readonly start?: string; readonly end?: string } | undefined;
}

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
      return { page, range };
    },
    initialPageParam: { after: undefined, range: undefined } as SearchPage,
    getNextPageParam: ({ page, range }): SearchPage | undefined =>
      page.next === undefined ? undefined : { after: page.next, range },
    staleTime: 5_000,
  });
}

/** A trace by its 32 hex digits; null where no span of it is stored. */
export function traceQuery(traceId: string) {
  return queryOptions({
    queryKey: ["trace", traceId],
    queryFn: async ({ signal, client, queryKey }): Promise<TraceModel | null> => {
      // The server has the browser ask for this path along with the page (src/app/ui-port/web-files.ts).
      const bytes = await getBytes(`api/ui/traces/${traceId}/columns`, signal).catch(nullWhereNotFound);
      if (bytes === null) return null;
      const columns = decodeTraceColumns(bytes);
      // A refetch that brought nothing new keeps the model, so nothing on the page is computed again.
      const before = client.getQueryData<TraceModel | null>(queryKey) ?? undefined;
      return before !== undefined && sameTrace(before.columns, columns) ? before : buildTraceModel(columns);
    },
    structuralSharing: false,
    staleTime: 30_000,
    gcTime: 60_000,
  });
}

/** A span by id and kind (a number of SPAN_KIND), since client and server may share an id. */
export function spanQuery(traceId: string, spanId: string, kind: number) {
  return queryOptions({
    queryKey: ["trace", traceId, "span", spanId, kind],
    queryFn: ({ signal }) =>
      getJson<UiSpanResponse>(`api/ui/traces/${traceId}/spans/${spanId}`, { kind: String(kind) }, signal),
    staleTime: 30_000,
  });
}

export function linkedFromQuery(traceId: string) {
  return queryOptions({
    queryKey: ["trace", traceId, "linked-from"],
    queryFn: ({ signal }) => getJson<UiLinkedFromResponse>(`api/ui/traces/${traceId}/linked-from`, {}, signal),
    staleTime: 30_000,
  });
}

export function findQuery(traceId: string, text: string) {
  return queryOptions({
    queryKey: ["trace", traceId, "find", text],
    queryFn: ({ signal }) => getJson<UiTraceSearchResponse>(`api/ui/traces/${traceId}/search`, { q: text }, signal),
    enabled: text.trim() !== "",
    staleTime: 30_000,
  });
}

function nullWhereNotFound(error: unknown): null {
  if (error instanceof ApiError && error.status === 404) return null;
  throw error;
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
