import { PermanentError } from "../component/errors.ts";
import { parseTraceId } from "../model/ids.ts";
import { aliasedValues } from "../model/semconv-aliases.ts";
import { SPAN_KIND_NAMES, type SpanKind, STATUS_CODE } from "../model/span.ts";
import {
  type SpanFilter,
  TRACE_ORDERS,
  type TraceKey,
  type TraceOrder,
  type TraceQuery,
} from "../model/trace-query.ts";
import {
  badParam,
  boolParam,
  durationParam,
  intParam,
  parseGoDuration,
  type QueryParams,
  textParam,
  timeParam,
} from "./params.ts";

export const DEFAULT_SEARCH_LIMIT = 20;
const MAX_LIMIT = 2_147_483_647;

/**
 * The search that Jaeger's parameters describe: service, operation, tags (JSON objects), tag (`key:value`, or
 * `key=value` without a colon), minDuration and maxDuration (of the span, Go durations), start and end, lookback (only
 * where start is absent and it is a duration: Jaeger UI sends `1h` beside start, or `custom`), limit, after, count. All
 * conditions hold for one span. `nowNano` is what lookback counts from where end is absent. Tags also find the names
 * that other versions of the semantic conventions have for them; `exactTags=true`, our own parameter, switches that
 * off. Others of ours are `order`, one of TRACE_ORDERS, and minTraceDuration and maxTraceDuration, bounds of the whole
 * trace.
 */
export function parseSearchParams(params: QueryParams, nowNano: bigint): TraceQuery {
  const limit = intParam(params, "limit", 1, MAX_LIMIT) ?? DEFAULT_SEARCH_LIMIT;
  const durationMin = durationParam(params, "minDuration");
  const durationMax = durationParam(params, "maxDuration");
  if (durationMin !== undefined && durationMax !== undefined && durationMax < durationMin) {
    throw new PermanentError("bad_request", "'maxDuration' should be greater than 'minDuration'");
  }
  const end = timeParam(params, "end");
  const start = timeParam(params, "start") ?? lookbackStart(params, end ?? nowNano);
  if (start !== undefined && end !== undefined && start > end) {
    throw new PermanentError("bad_request", "invalid parameter: start time must be before end time");
  }
  const conditions: SpanFilter[] = [];
  const service = textParam(params, "service");
  if (service !== undefined) conditions.push(textEquals("service", service));
  const operation = textParam(params, "operation");
  if (operation !== undefined) conditions.push(textEquals("name", operation));
  const exact = boolParam(params, "exactTags");
  for (const [key, value] of parseTags(params)) conditions.push(tagFilter(key, value, exact));
  if (durationMin !== undefined) conditions.push(durationFilter(">=", durationMin));
  if (durationMax !== undefined) conditions.push(durationFilter("<=", durationMax));
  const traceDurationMin = durationParam(params, "minTraceDuration");
  const traceDurationMax = durationParam(params, "maxTraceDuration");
  const order = orderParam(params);
  const after = textParam(params, "after");
  return {
    filter: joinFilters(conditions),
    limit,
    ...(start === undefined ? {} : { startMin: start }),
    ...(end === undefined ? {} : { startMax: end }),
    ...(traceDurationMin === undefined ? {} : { traceDurationMin }),
    ...(traceDurationMax === undefined ? {} : { traceDurationMax }),
    ...(order === "newest" ? {} : { order }),
    ...(after === undefined ? {} : { after: requirePageKey(after, order) }),
    ...(boolParam(params, "count") ? { count: true } : {}),
  };
}

/** Every `traceID` of the query, left-padded to 32 digits. */
export function parseTraceIdParams(params: QueryParams): string[] {
  return params.getAll("traceID").map((text) => requireTraceId(text, "traceID"));
}

/** The id in its stored form; a `bad_request` that names the parameter for anything that is no trace id. */
export function requireTraceId(text: string, name: string): string {
  const bytes = parseTraceId(text);
  if (bytes === undefined) throw badParam(name, text, "a trace id of 1 to 32 hex digits, not all zero");
  return text.toLowerCase().padStart(32, "0");
}

function orderParam(params: QueryParams): TraceOrder {
  const text = textParam(params, "order") ?? "newest";
  const order = TRACE_ORDERS.find((known) => known === text);
  if (order === undefined) throw badParam("order", text, `one of ${TRACE_ORDERS.join(", ")}`);
  return order;
}

/** The key of the next page as one opaque word: `<start ns>-<trace id>`, and `-<weight>` where the order has one. */
export function formatPageKey({ start, traceId, weight }: TraceKey): string {
  return `${start}-${traceId}${weight === undefined ? "" : `-${weight}`}`;
}

function requirePageKey(text: string, order: TraceOrder): TraceKey {
  const key = parsePageKey(text);
  if (key === undefined || (key.weight !== undefined) !== (order !== "newest")) {
    throw badParam("after", text, "the `next` of an earlier answer to the same search");
  }
  return key;
}

/** What `formatPageKey` gave; undefined for anything else. */
export function parsePageKey(text: string): TraceKey | undefined {
  const match = /^(\d{1,20})-([0-9a-f]{32})(?:-(-?\d{1,20}))?$/.exec(text);
  if (match === null) return undefined;
  const [, start, traceId, weight] = match as unknown as [string, string, string, string | undefined];
  return { start: BigInt(start), traceId, ...(weight === undefined ? {} : { weight: BigInt(weight) }) };
}

function lookbackStart(params: QueryParams, end: bigint): bigint | undefined {
  const text = textParam(params, "lookback");
  if (text === undefined) return undefined;
  const days = /^(\d{1,5})([dw])$/.exec(text);
  const nanos =
    days === null
      ? parseGoDuration(text)
      : BigInt(days[1] as string) * (days[2] === "w" ? 7n : 1n) * 86_400_000_000_000n;
  if (nanos === undefined) return undefined;
  return end > nanos ? end - nanos : 0n;
}

/** A later value of one key replaces an earlier one, and `tags` come after `tag`, as Jaeger merges them. */
function parseTags(params: QueryParams): Map<string, string> {
  const tags = new Map<string, string>();
  for (const text of params.getAll("tag")) {
    if (text === "") continue;
    const colon = text.indexOf(":");
    const cut = colon >= 0 ? colon : text.indexOf("=");
    if (cut <= 0) throw badParam("tag", text, "key:value");
    tags.set(text.slice(0, cut), text.slice(cut + 1));
  }
  for (const text of params.getAll("tags")) {
    if (text === "") continue;
    for (const [key, value] of Object.entries(parseTagObject(text))) {
      if (!["string", "number", "boolean"].includes(typeof value)) {
        throw badParam("tags", text, `a string as the value of '${key}'`);
      }
      tags.set(key, String(value));
    }
  }
  return tags;
}

function parseTagObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badParam("tags", text, 'a JSON object of strings such as {"http.status_code":"500"}');
  }
  return value as Record<string, unknown>;
}

/**
 * A Jaeger tag as a filter. Tags that Jaeger's form of a span makes of fields (kind, status) find the field, and also a
 * plain attribute of that name. Unless `exact`, an attribute is found under older and newer names, too.
 */
export function tagFilter(key: string, value: string, exact: boolean): SpanFilter {
  const attribute = attributeFilter(key, value, exact);
  const field = fieldOfTag(key, value);
  if (field === undefined) return attribute;
  if (key === "error" && value === "false") return field;
  return { op: "or", of: [field, attribute] };
}

function attributeFilter(key: string, value: string, exact: boolean): SpanFilter {
  const compare = (name: string, text: string): SpanFilter => ({
    op: "compare",
    field: { scope: "any", key: name },
    is: "=",
    value: { type: "text", value: text },
  });
  const aliases = exact ? [] : aliasedValues(key, value);
  const own = compare(key, value);
  return aliases.length === 0 ? own : { op: "or", of: [own, ...aliases.map((one) => compare(one.key, one.value))] };
}

function fieldOfTag(key: string, value: string): SpanFilter | undefined {
  switch (key) {
    case "error": {
      const isError: SpanFilter = statusFilter(STATUS_CODE.error);
      if (value === "true") return isError;
      return value === "false" ? { op: "not", of: isError } : undefined;
    }
    case "otel.status_code": {
      const code = { OK: STATUS_CODE.ok, ERROR: STATUS_CODE.error, UNSET: STATUS_CODE.unset }[value.toUpperCase()];
      return code === undefined ? undefined : statusFilter(code);
    }
    case "otel.status_description":
      return textEquals("statusMessage", value);
    case "span.kind": {
      const kind = SPAN_KIND_NAMES.indexOf(value.toLowerCase() as (typeof SPAN_KIND_NAMES)[number]);
      if (kind < 0) return undefined;
      return {
        op: "compare",
        field: { intrinsic: "kind" },
        is: "=",
        value: { type: "kind", value: kind as SpanKind },
      };
    }
    default:
      return undefined;
  }
}

function statusFilter(value: 0 | 1 | 2): SpanFilter {
  return { op: "compare", field: { intrinsic: "status" }, is: "=", value: { type: "status", value } };
}

export function textEquals(intrinsic: "service" | "name" | "statusMessage" | "eventName", value: string): SpanFilter {
  return { op: "compare", field: { intrinsic }, is: "=", value: { type: "string", value } };
}

/** `value` is ns. */
export function durationFilter(is: ">=" | "<=", value: bigint): SpanFilter {
  return { op: "compare", field: { intrinsic: "duration" }, is, value: { type: "int", value } };
}

/** What holds where all of them do. */
export function joinFilters(of: readonly SpanFilter[]): SpanFilter {
  if (of.length === 0) return { op: "all" };
  return of.length === 1 ? (of[0] as SpanFilter) : { op: "and", of };
}
