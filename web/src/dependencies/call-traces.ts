import { queryOptions } from "@tanstack/react-query";
import type { UiSearchResponse } from "../../../src/query/ui/api-types.ts";
import { getJson } from "../api/client.ts";
import { withLists } from "../api/with-lists.ts";
import { type Externals, NO_EXTERNALS, spansAt } from "./externals.ts";

export const LISTED = 5;

interface Call {
  readonly from: string;
  readonly to: string;
}

/** TraceQL of traces in which `from` called `to`, and that call failed. */
export function failingCall(call: Call, externals = NO_EXTERNALS): string {
  return callThat("status = error", call, externals);
}

/** TraceQL of traces in which `from` called `to`, and that call took at least so many ns. */
export function slowCall(call: Call, leastNano: number, externals = NO_EXTERNALS): string {
  return callThat(`duration >= ${leastNano}ns`, call, externals);
}

/** TraceQL of all calls of `from` to `to`. */
export function anyCall(call: Call, externals = NO_EXTERNALS): string {
  return callThat(undefined, call, externals);
}

/** A call to what sends no spans, or what came from there, is one span; one between services is that of the called. */
function callThat(condition: string | undefined, { from, to }: Call, externals: Externals): string {
  const [caller, called] = [from, to].map((name) => spansAt(externals, name));
  const that = condition === undefined ? "" : ` && ${condition}`;
  if (externals.has(from)) return `{ ${called} && ${caller} && kind = consumer${that} }`;
  if (externals.has(to)) return `{ ${caller} && ${called} && kind != consumer${that} }`;
  return `{ ${caller} } > { ${called}${that} }`;
}

/**
 * A duration, ns, of two digits, that a call of this quantile reaches: quantiles are known within 2.2 %, so that the
 * slowest call itself may be shorter than what is said of it.
 */
export function reachedNano(quantileNano: number): number {
  const least = quantileNano * 0.978;
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, least))) - 1);
  return Math.floor(least / unit) * unit;
}

/** The newest few traces of a query in TraceQL. */
export function tracesQuery(q: string, lookbackMs: number) {
  return queryOptions({
    queryKey: ["map-traces", q, lookbackMs],
    queryFn: ({ signal }) => {
      const start = Number.isFinite(lookbackMs) ? { start: String(Math.round((Date.now() - lookbackMs) * 1000)) } : {};
      return withLists(
        getJson<UiSearchResponse>("api/ui/search", { q, limit: String(LISTED), ...start }, signal),
        "traces",
      );
    },
    staleTime: 10_000,
  });
}
