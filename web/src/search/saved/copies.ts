import { DEFAULT_LOOKBACK } from "../../format/lookback.ts";
import { queryText, refined } from "../params/refine.ts";
import { SERVER_ORDER, type SearchParams, searchRequest, timeRange } from "../params/search-params.ts";

/** The query of a search with its bounds on whole traces, in TraceQL. */
export function traceqlOf(params: SearchParams): string {
  const { minTraceDuration: min, maxTraceDuration: max } = params;
  const bounds = [
    ...(min === undefined ? [] : [`traceDuration >= ${min}`]),
    ...(max === undefined ? [] : [`traceDuration <= ${max}`]),
  ];
  return bounds.reduce(refined, queryText(params));
}

/** The request of the search's first page, at `nowMs`. `base` is the address of the collector, with its slash. */
export function curlOf(params: SearchParams, base: string, nowMs: number): string {
  const asked = searchRequest(params, timeRange(params, nowMs), undefined);
  return `curl ${quoted(`${base}api/ui/search?${new URLSearchParams(asked)}`)}`;
}

/** The same search in a terminal. */
export function commandOf(params: SearchParams, base: string): string {
  const { lookback = DEFAULT_LOOKBACK, start, end, limit, sort = "recent" } = params;
  const words = ["spanloom", "search", quoted(traceqlOf(params))];
  if (start !== undefined || end !== undefined) {
    if (start !== undefined) words.push("--start", start);
    if (end !== undefined) words.push("--end", end);
  } else if (lookback !== "all") words.push("--lookback", lookback);
  if (SERVER_ORDER[sort] !== "newest") words.push("--sort", SERVER_ORDER[sort]);
  if (limit !== undefined) words.push("--limit", limit);
  if (!/^http:\/\/(?:localhost|127\.0\.0\.1):16686\/$/.test(base)) words.push("--url", quoted(base));
  return words.join(" ");
}

/** As one word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
