import { RetryableError } from "../../component/errors.ts";
import type { OnGap, ViewHost } from "../../component/read.ts";
import { parseTraceqlSearch } from "../../query/traceql-params.ts";
import type { UiSearchResponse } from "../../query/ui/api-types.ts";
import type { ApiClient } from "./api-client.ts";

const PAGE = 500;

/** Where traces are read from: a collector, or the store of a folder. */
export interface TraceSource {
  page(query: URLSearchParams): Promise<Omit<UiSearchResponse, "traces"> & { readonly ids: readonly string[] }>;
  /** OTLP JSON. */
  trace(id: string): Promise<string>;
}

/**
 * Ids of all traces that a search finds, newest first.
 * @throws RetryableError `overloaded` where it takes too long
 */
export async function* foundIds(source: TraceSource, query: URLSearchParams, onGap: OnGap): AsyncGenerator<string> {
  let after: string | undefined;
  do {
    const page = new URLSearchParams(query);
    page.set("limit", String(PAGE));
    if (after !== undefined) page.set("after", after);
    const { ids, complete, reason, searchedBackToUnixNano, next } = await source.page(page);
    yield* ids;
    if (searchedBackToUnixNano !== undefined) {
      throw new RetryableError("overloaded", "the search took too long: give a shorter time range");
    }
    if (!complete) onGap(reason ?? "not everything was looked at");
    after = next;
  } while (after !== undefined);
}

export function collectorSource(client: ApiClient): TraceSource {
  return {
    async page(query) {
      const { traces, ...rest } = await client.json<UiSearchResponse>(`api/ui/search?${query}`);
      return { ...rest, ids: traces.map(({ traceId }) => traceId) };
    },
    trace: (id) => client.text(`api/ui/traces/${id}/download?format=otlp`),
  };
}

export function storeSource(store: ViewHost, onGap: OnGap): TraceSource {
  const { signal } = new AbortController();
  const view = async (name: string, params: unknown) => {
    const { body, incomplete } = await store.view(name, params, signal);
    if (incomplete !== undefined) onGap(incomplete);
    return Buffer.from(body).toString("utf8");
  };
  return {
    async page(params) {
      const query = parseTraceqlSearch(params, BigInt(Date.now()) * 1_000_000n);
      const { traces, ...rest } = JSON.parse(await view("ui.search", { query })) as UiSearchResponse;
      return { ...rest, ids: traces.map(({ traceId }) => traceId) };
    },
    trace: (traceId) => view("ui.download", { traceId, format: "otlp" }),
  };
}
