import type { TraceOrder } from "../../../../src/model/trace-query.ts";
import { DEFAULT_LOOKBACK, lookbackMs } from "../../format/lookback.ts";
import { hasOperators, parseTags } from "../../format/tags.ts";
import { formTraceql } from "./form-traceql.ts";

/** The address of the search page; names and meaning are Jaeger UI's, so its links work here. */
export interface SearchParams {
  /** The query in TraceQL, instead of service, operation, tags and durations of a span. */
  readonly q?: string;
  readonly service?: string;
  readonly operation?: string;
  /** JSON object of tag texts; as the form has them where there are operators. */
  readonly tags?: string;
  readonly minDuration?: string;
  readonly maxDuration?: string;
  /** Of the whole trace: what was selected on the heat map. */
  readonly minTraceDuration?: string;
  readonly maxTraceDuration?: string;
  /** `15m`, `1h`, …, `all`; `custom` with start and end. */
  readonly lookback?: string;
  /** µs since the epoch. */
  readonly start?: string;
  readonly end?: string;
  readonly limit?: string;
  readonly sort?: ResultSort;
  /** What is explained: `selection`, `errors` or `query`. */
  readonly explain?: Explained;
  /** Fields of the matching spans that the rows show, parted by commas as in TraceQL's `select(…)`. */
  readonly columns?: string;
}

/** What can be weighed against the rest: a selection on the heat map, what failed, what the query finds. */
const EXPLAINED = ["selection", "errors", "query"] as const;
export type Explained = (typeof EXPLAINED)[number];

export const RESULT_SORTS = ["recent", "longest", "shortest", "spans", "errors"] as const;
export type ResultSort = (typeof RESULT_SORTS)[number];

/** The server's word for each, whose order it is: over all that match, not over those that are loaded. */
export const SERVER_ORDER: Readonly<Record<ResultSort, TraceOrder>> = {
  recent: "newest",
  longest: "longest",
  shortest: "shortest",
  spans: "spans",
  errors: "errors",
};

export const DEFAULT_LIMIT = 20;
export const MAX_LIMIT = 1500;

const TEXT_KEYS = [
  "service",
  "operation",
  "minDuration",
  "maxDuration",
  "minTraceDuration",
  "maxTraceDuration",
  "lookback",
  "start",
  "end",
  "limit",
  "q",
  "columns",
] as const;

/**
 * Typed search state of an address; keys that are empty or unknown fall away. Jaeger's `operation=all` is no operation.
 */
export function readSearchParams(raw: Readonly<Record<string, unknown>>): SearchParams {
  const params: Record<string, string> = {};
  for (const key of TEXT_KEYS) {
    const value = raw[key];
    if (typeof value === "string" && value !== "") params[key] = value;
  }
  if (params.operation === "all") delete params.operation;
  const tags = readTags(raw);
  if (tags !== undefined) params.tags = tags;
  if (EXPLAINED.includes(raw.explain as Explained)) params.explain = raw.explain as string;
  if (RESULT_SORTS.includes(raw.sort as ResultSort)) params.sort = raw.sort as string;
  return params;
}

/** The same search without a time range. */
export function atAnyTime(params: SearchParams): SearchParams {
  const { start: _start, end: _end, ...rest } = params;
  return { ...rest, lookback: "all" };
}

/** The range to search in µs: the fixed one of the address, else the look-back counted from now. */
export function timeRange(params: SearchParams, nowMs: number): { readonly start?: string; readonly end?: string } {
  if (params.start !== undefined || params.end !== undefined) {
    return {
      ...(params.start !== undefined && { start: params.start }),
      ...(params.end !== undefined && { end: params.end }),
    };
  }
  const width = lookbackMs(params.lookback ?? DEFAULT_LOOKBACK) ?? lookbackMs(DEFAULT_LOOKBACK)!;
  return Number.isFinite(width) ? { start: String(Math.round((nowMs - width) * 1000)) } : {};
}

/** What an address asks of traces, as query string parts of the API. Operators in tags make TraceQL of it. */
export function searchConditions(params: SearchParams): Record<string, string> {
  const { service, operation, minDuration, maxDuration, minTraceDuration, maxTraceDuration, q } = params;
  if (q !== undefined) return present({ q, minTraceDuration, maxTraceDuration });
  const tags = parseTags(params.tags ?? "").tags ?? [];
  const span = { service, operation, minDuration, maxDuration };
  const asked = hasOperators(tags) ? { q: formTraceql({ ...span, tags }) } : { ...span, tags: params.tags };
  return present({ ...asked, minTraceDuration, maxTraceDuration });
}

/**
 * Query string parts of `GET /api/ui/search`. Of an order other than the newest first all that match are looked at, so
 * that counting them costs nothing.
 */
export function searchRequest(
  params: SearchParams,
  range: { readonly start?: string; readonly end?: string },
  after: string | undefined,
): Record<string, string> {
  const limit = Math.min(MAX_LIMIT, Math.max(1, Math.floor(Number(params.limit ?? DEFAULT_LIMIT)) || DEFAULT_LIMIT));
  const order = SERVER_ORDER[params.sort ?? "recent"];
  const ordered = order === "newest" ? {} : { order, count: "true" };
  const { columns } = params;
  return { ...searchConditions(params), ...range, ...ordered, ...present({ limit: String(limit), columns, after }) };
}

function present(parts: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(parts).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Jaeger's `tag=key:value`, once or many times, joined with the JSON object of `tags`. */
function readTags(raw: Readonly<Record<string, unknown>>): string | undefined {
  const single = (Array.isArray(raw.tag) ? raw.tag : [raw.tag]).filter(
    (tag) => typeof tag === "string" && tag.includes(":"),
  );
  const pairs = single.map((tag: string) => [tag.slice(0, tag.indexOf(":")), tag.slice(tag.indexOf(":") + 1)] as const);
  const text = typeof raw.tags === "string" && raw.tags !== "" ? raw.tags : undefined;
  if (pairs.length === 0) return text;
  try {
    return JSON.stringify({
      ...Object.fromEntries(pairs),
      ...(text === undefined ? {} : (JSON.parse(text) as object)),
    });
  } catch {
    return text;
  }
}
