import { createHash } from "node:crypto";
import { PermanentError } from "../../component/errors.ts";
import type { SpanFilter, TraceQuery } from "../../model/trace-query.ts";
import { durationFilter, formatPageKey, joinFilters, parsePageKey, tagFilter, textEquals } from "../search-params.ts";

/** A search as api_v3 has it (TraceQueryParameters), over HTTP or gRPC. Empty is absent; times and durations are ns. */
export interface JaegerV3Search {
  readonly service: string;
  readonly operation: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** The start of the matching span: from `startMin`, before `startMax`. */
  readonly startMin: bigint | undefined;
  readonly startMax: bigint | undefined;
  readonly durationMin: bigint | undefined;
  readonly durationMax: bigint | undefined;
  /** 0 is absent. */
  readonly depth: number;
  readonly filter: SpanFilter | undefined;
  readonly page: { readonly size: number; readonly token: string } | undefined;
}

const DEFAULT_DEPTH = 100;
/** More would be one answer that nobody reads. */
const MAX_DEPTH = 100_000;
/** A larger page is made this large, as Jaeger's RFC 0014 has it. */
const MAX_PAGE = 1_000;

/** @throws PermanentError `bad_request` for what Jaeger's query service refuses */
export function toTraceQuery(search: JaegerV3Search): TraceQuery {
  const { startMin, startMax, durationMin, durationMax, depth, filter, page } = search;
  if (startMin === undefined || startMax === undefined) {
    throw refused("query.startTimeMin and query.startTimeMax are required: min and max start time of the spans");
  }
  if (startMin >= startMax) throw refused("query.startTimeMin must be before query.startTimeMax");
  if (durationMin !== undefined && durationMax !== undefined && durationMin > durationMax) {
    throw refused("query.durationMin must not be greater than query.durationMax");
  }
  if (depth > MAX_DEPTH) throw refused(`query.searchDepth is ${depth}, expected at most ${MAX_DEPTH}`);
  if (page !== undefined && depth > 0) throw refused("query.searchDepth and query.pagination exclude each other");
  if (page !== undefined && page.size === 0) throw refused("query.pagination.pageSize is required with a page token");
  const plain = plainConditions(search);
  if (filter !== undefined && plain.length > 0) {
    throw refused(
      "query.filter excludes service name, operation name, attributes and durations: say them in the filter",
    );
  }
  const query = {
    filter: filter ?? joinFilters(plain),
    startMin: startMin > 0n ? startMin : 0n,
    // Exclusive there, inclusive here.
    startMax: startMax > 0n ? startMax - 1n : 0n,
  };
  if (page === undefined) return { ...query, limit: depth || DEFAULT_DEPTH };
  const after = page.token === "" ? undefined : pageKeyOf(page.token, query);
  return { ...query, limit: Math.min(page.size, MAX_PAGE), ...(after === undefined ? {} : { after }) };
}

function plainConditions(search: JaegerV3Search): SpanFilter[] {
  const { service, operation, attributes, durationMin, durationMax } = search;
  const conditions: SpanFilter[] = [];
  if (service !== "") conditions.push(textEquals("service", service));
  if (operation !== "") conditions.push(textEquals("name", operation));
  for (const [key, value] of attributes) conditions.push(tagFilter(key, value, false));
  if (durationMin !== undefined) conditions.push(durationFilter(">=", durationMin));
  if (durationMax !== undefined) conditions.push(durationFilter("<=", durationMax));
  return conditions;
}

/** The token of the page after this key: it holds only for the query that it was made for. */
export function pageToken(key: { readonly start: bigint; readonly traceId: string }, query: TraceQuery): string {
  return Buffer.from(`${formatPageKey(key)}.${fingerprint(query)}`).toString("base64url");
}

function pageKeyOf(token: string, query: Omit<TraceQuery, "limit">): { start: bigint; traceId: string } {
  const [text = "", made = ""] = Buffer.from(token, "base64url").toString().split(".");
  const key = parsePageKey(text);
  if (key === undefined) throw refused("query.pagination.pageToken is no nextPageToken of an earlier answer");
  if (made !== fingerprint(query)) throw refused("query.pagination.pageToken belongs to another query");
  return key;
}

function fingerprint({ filter, startMin, startMax }: Omit<TraceQuery, "limit">): string {
  const text = JSON.stringify([filter, startMin, startMax], (_key, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value,
  );
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function refused(message: string): PermanentError {
  return new PermanentError("bad_request", message);
}
