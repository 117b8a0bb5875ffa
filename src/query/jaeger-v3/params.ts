import { parseGoDuration, type QueryParams } from "../params.ts";
import { parseRfc3339 } from "../rfc3339.ts";
import { malformed } from "./error-body.ts";
import { parseExpression } from "./expression.ts";
import { toSpanFilter } from "./filter.ts";
import type { JaegerV3Search } from "./search.ts";

interface Given {
  /** As it was written. */
  readonly name: string;
  readonly value: string;
}

/** The first value that is not empty of a parameter and its older names. */
function given(params: QueryParams, ...names: readonly string[]): Given | undefined {
  for (const name of names) {
    const value = params.get(name);
    if (value !== null && value !== "") return { name, value };
  }
  return undefined;
}

/** `query.startTimeMin`, and the snake_case that older clients write. */
function bothCases(name: string): readonly string[] {
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return snake === name ? [name] : [name, snake];
}

/** A text; empty where it is absent. */
export function v3Text(params: QueryParams, name: string): string {
  return given(params, ...bothCases(name))?.value ?? "";
}

/** Go's strconv.ParseBool; absent is false. */
export function v3Bool(params: QueryParams, name: string): boolean {
  const text = given(params, ...bothCases(name));
  if (text === undefined || /^(?:0|f|F|false|FALSE|False)$/.test(text.value)) return false;
  if (/^(?:1|t|T|true|TRUE|True)$/.test(text.value)) return true;
  throw malformed(text.name, text.value, "true or false");
}

/** RFC 3339, in ns since the epoch. A `+` that a client left unescaped in the query string has come as a space. */
export function v3Time(params: QueryParams, name: string): bigint | undefined {
  const text = given(params, ...bothCases(name));
  if (text === undefined) return undefined;
  const time = parseRfc3339(text.value.replace(/ (?=\d\d:\d\d$)/, "+"));
  if (time === undefined)
    throw malformed(text.name, text.value, "a time of RFC 3339 as 2026-07-01T12:00:00.123456789Z");
  return time;
}

function v3Duration(params: QueryParams, name: string): bigint | undefined {
  const text = given(params, ...bothCases(name));
  if (text === undefined) return undefined;
  const nanos = parseGoDuration(text.value);
  if (nanos === undefined) throw malformed(text.name, text.value, "a duration with a unit as 1.2s, 300ms or 100us");
  return nanos;
}

function v3Count(params: QueryParams, ...names: readonly string[]): number {
  const text = given(params, ...names);
  if (text === undefined) return 0;
  if (!/^\d{1,10}$/.test(text.value) || Number(text.value) >= 2 ** 32) {
    throw malformed(text.name, text.value, "a whole number of 32 bits, not negative");
  }
  return Number(text.value);
}

/**
 * The search of a query string, each parameter also in snake_case: `query.serviceName`, `operationName`, `attributes`
 * (a JSON object of texts), `startTimeMin`, `startTimeMax`, `durationMin`, `durationMax`, `searchDepth` (older:
 * `num_traces`), `filter`, `pagination.pageSize`, `pagination.pageToken`. Jaeger UI 2.19 says `query.span_name`.
 * @throws PermanentError `bad_request` that names the parameter
 */
export function parseV3Search(params: QueryParams): JaegerV3Search {
  const size = v3Count(params, ...bothCases("query.pagination.pageSize"));
  const token = v3Text(params, "query.pagination.pageToken");
  const paged = given(params, ...bothCases("query.pagination.pageSize")) !== undefined || token !== "";
  const filter = params.get("query.filter") ?? "";
  return {
    service: v3Text(params, "query.serviceName"),
    operation: given(params, ...bothCases("query.operationName"), "query.span_name")?.value ?? "",
    attributes: parseAttributes(params.get("query.attributes") ?? ""),
    startMin: v3Time(params, "query.startTimeMin"),
    startMax: v3Time(params, "query.startTimeMax"),
    durationMin: v3Duration(params, "query.durationMin"),
    durationMax: v3Duration(params, "query.durationMax"),
    depth: v3Count(params, ...bothCases("query.searchDepth"), "query.num_traces"),
    filter: filter === "" ? undefined : toSpanFilter(parseExpression(filter)),
    page: paged ? { size, token } : undefined,
  };
}

function parseAttributes(text: string): ReadonlyMap<string, string> {
  if (text === "") return new Map();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const entries = typeof json === "object" && json !== null && !Array.isArray(json) ? Object.entries(json) : undefined;
  if (entries === undefined || !entries.every(([, value]) => typeof value === "string")) {
    throw malformed("query.attributes", text, 'a JSON object of texts as {"http.status_code":"500"}');
  }
  return new Map(entries);
}
