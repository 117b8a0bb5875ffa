import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { RegistryView } from "../../../src/model/registry-view.ts";
import type {
  UiDependenciesResponse,
  UiLinkedFromResponse,
  UiRedResponse,
  UiServicesResponse,
  UiSpanPlace,
  UiSpanResponse,
  UiTraceSearchResponse,
  UiVerdict,
} from "../../../src/query/ui/api-types.ts";
import type { UiCallSeries, UiExternalCalls } from "../../../src/query/ui/external-calls/external-types.ts";
import type { UiStatusResponse } from "../../../src/query/ui/status-types.ts";
import { getHead, getJson, nullWhereNotFound } from "./client.ts";
import { withLists } from "./with-lists.ts";

/** How often figures that move are asked for again, and those that are still empty. */
const POLL_MS = 30_000;
const EMPTY_POLL_MS = 5_000;
const EXTERNAL_POLL_MS = 120_000;

export const servicesQuery = queryOptions({
  queryKey: ["services"],
  queryFn: ({ signal }) => withLists(getJson<UiServicesResponse>("api/ui/services", {}, signal), "services"),
  staleTime: 10_000,
});

export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: ({ signal }) =>
    withLists(
      getJson<UiStatusResponse>("api/ui/status", {}, signal),
      "listeners",
      "received",
      "sampling",
      "uncounted",
      "exporters",
    ),
  staleTime: 5_000,
});

/** The range from so long ago until now, ms since the epoch; from the beginning where that is for ever. */
function lastMs(lookbackMs: number): { readonly start: string; readonly end: string } {
  const end = Date.now();
  return { start: String(Number.isFinite(lookbackMs) ? end - lookbackMs : 0), end: String(end) };
}

export function dependenciesQuery(lookbackMs: number) {
  return queryOptions({
    queryKey: ["dependencies", lookbackMs],
    queryFn: ({ signal }) =>
      withLists(getJson<UiDependenciesResponse>("api/ui/dependencies", lastMs(lookbackMs), signal), "links"),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (query.state.data?.links.length === 0 ? EMPTY_POLL_MS : POLL_MS),
  });
}

/** Databases, queues and others that send no spans, as their callers name them. Counting them takes a while. */
export function externalCallsQuery(lookbackMs: number) {
  return queryOptions({
    queryKey: ["external-calls", lookbackMs],
    queryFn: ({ signal }) =>
      withLists(getJson<UiExternalCalls>("api/ui/external-calls", lastMs(lookbackMs), signal), "nodes", "links"),
    placeholderData: keepPreviousData,
    staleTime: EXTERNAL_POLL_MS,
    refetchInterval: EXTERNAL_POLL_MS,
  });
}

/** A call over time: that of the spans of a query; `link` where both ends are services. */
export function callSeriesQuery(
  lookbackMs: number,
  q: string,
  link: { readonly parent: string; readonly child: string } | undefined,
) {
  return queryOptions({
    queryKey: ["call-series", lookbackMs, q, link],
    queryFn: ({ signal }) =>
      withLists(
        getJson<UiCallSeries>("api/ui/call-series", { ...lastMs(lookbackMs), q, ...link }, signal),
        "calls",
        "errors",
        "p99Nano",
      ),
    staleTime: EXTERNAL_POLL_MS,
    refetchInterval: EXTERNAL_POLL_MS,
  });
}

/**
 * What services did in the last `lookbackMs`; with a service, its operations of every kind. Asked again every half
 * minute.
 */
export function redQuery(lookbackMs: number, service?: string) {
  return queryOptions({
    queryKey: ["red", lookbackMs, service],
    queryFn: ({ signal }) => {
      const end = Date.now();
      const range = { start: String(end - lookbackMs), end: String(end) };
      const asked = service === undefined ? range : { ...range, service, kind: "all" };
      return withLists(getJson<UiRedResponse>("api/ui/red", asked, signal), "services", "operations");
    },
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (query.state.data?.services.length === 0 ? EMPTY_POLL_MS : POLL_MS),
  });
}

/**
 * The same of the period of equal length before an answer, for what changed. Not before that answer is there; it moves
 * with it.
 */
export function redBeforeQuery(now: UiRedResponse | undefined, service?: string) {
  const endMs = now?.startMs ?? 0;
  const startMs = endMs - ((now?.endMs ?? 0) - endMs);
  return queryOptions({
    queryKey: ["red-before", startMs, endMs, service],
    queryFn: ({ signal }) => {
      const range = { start: String(startMs), end: String(endMs) };
      const asked = service === undefined ? range : { ...range, service, kind: "all" };
      return withLists(getJson<UiRedResponse>("api/ui/red", asked, signal), "services", "operations");
    },
    enabled: now !== undefined && startMs > 0,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The discovery registry; null where this collector has none. */
export const registryQuery = queryOptions({
  queryKey: ["registry"],
  queryFn: ({ signal }): Promise<RegistryView | null> =>
    withLists(getJson<RegistryView>("api/registry", {}, signal), "services").catch(nullWhereNotFound),
  refetchInterval: (query) => (query.state.data === null ? false : 10_000),
});

/** A span by id and kind (a number of SPAN_KIND), since client and server may share an id. */
export function spanQuery(traceId: string, spanId: string, kind: number) {
  return queryOptions({
    queryKey: ["trace", traceId, "span", spanId, kind],
    queryFn: ({ signal, meta }) =>
      withLists(
        getJson<UiSpanResponse>(
          `api/ui/traces/${traceId}/spans/${spanId}`,
          { kind: String(kind) },
          signal,
          meta?.local,
        ),
        "spans",
      ),
    staleTime: 30_000,
  });
}

/** A trace as OTLP JSON, at most so many bytes of it. Asked for again when it has other spans. */
export function rawTraceQuery(traceId: string, spans: number, most: number) {
  return queryOptions({
    queryKey: ["trace", traceId, "raw", spans],
    queryFn: ({ signal, meta }) => getHead(`api/ui/traces/${traceId}/download`, most, signal, meta?.local),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}

/** Whether a span that a link names is stored, and what it is called. */
export function spanPlaceQuery(traceId: string, spanId: string) {
  return queryOptions({
    queryKey: ["trace", traceId, "place", spanId],
    queryFn: ({ signal, meta }) =>
      getJson<UiSpanPlace>(`api/ui/traces/${traceId}/spans/${spanId}/place`, {}, signal, meta?.local),
    staleTime: 30_000,
  });
}

export function linkedFromQuery(traceId: string) {
  return queryOptions({
    queryKey: ["trace", traceId, "linked-from"],
    queryFn: ({ signal, meta }) =>
      withLists(
        getJson<UiLinkedFromResponse>(`api/ui/traces/${traceId}/linked-from`, {}, signal, meta?.local),
        "spans",
      ),
    staleTime: 30_000,
  });
}

/** Asked for again when the trace has other spans, and while more may be said. */
export function verdictQuery(traceId: string, spans: number) {
  return queryOptions({
    queryKey: ["trace", traceId, "verdict", spans],
    queryFn: ({ signal, meta }) =>
      withLists(getJson<UiVerdict>(`api/ui/traces/${traceId}/verdict`, {}, signal, meta?.local), "usual"),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (query.state.data?.waits !== undefined ? EMPTY_POLL_MS : false),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function findQuery(traceId: string, text: string) {
  return queryOptions({
    queryKey: ["trace", traceId, "find", text],
    queryFn: ({ signal, meta }) =>
      withLists(
        getJson<UiTraceSearchResponse>(`api/ui/traces/${traceId}/search`, { q: text }, signal, meta?.local),
        "rows",
        "spanIds",
      ),
    enabled: text.trim() !== "",
    staleTime: 30_000,
  });
}
