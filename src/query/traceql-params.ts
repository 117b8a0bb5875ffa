import { PermanentError } from "../component/errors.ts";
import type { SpanFilter, TraceQuery } from "../model/trace-query.ts";
import type { TraceqlField, TraceqlQuery } from "../model/traceql.ts";
import { TraceqlError } from "../traceql/error.ts";
import { parseTraceql } from "../traceql/parse.ts";
import { planTraceql } from "../traceql/plan.ts";
import { selectedFields } from "../traceql/selected-fields.ts";
import { fieldsIn } from "./field-param.ts";
import { badParam, intParam, type QueryParams, textParam } from "./params.ts";
import { parseSearchParams } from "./search-params.ts";

/** What `q` says instead. */
export const PLAIN_PREDICATES = ["service", "operation", "tag", "tags", "minDuration", "maxDuration", "exactTags"];

const DEFAULT_SPANS_PER_SET = 3;
const MAX_SPANS_PER_SET = 1_000;
/** Of one query. */
const MAX_FIELDS = 50;

/**
 * The search of the UI and of commands: `q` in TraceQL, beside start, end, lookback, limit, after and count; without
 * `q` what `parseSearchParams` reads.
 * @throws PermanentError `bad_request`
 */
export function parseTraceqlSearch(params: QueryParams, nowNano: bigint): TraceQuery {
  const text = textParam(params, "q");
  if (text === undefined) return parseSearchParams(params, nowNano);
  const beside = PLAIN_PREDICATES.find((name) => textParam(params, name) !== undefined);
  if (beside !== undefined) {
    throw new PermanentError(
      "bad_request",
      `'q' and '${beside}': expected one of them; a query in TraceQL says it all`,
    );
  }
  const query = parseQuery(text);
  if (query.metrics !== undefined) {
    const found = `${query.metrics.function.name}()`;
    throw new PermanentError(
      "bad_request",
      `'q': found ${found}, expected a search: it finds traces and counts nothing`,
    );
  }
  return { ...parseSearchParams(params, nowNano), ...planTraceql(query) };
}

/**
 * As `parseTraceqlSearch`, with what `select(…)` names shown of the matched spans: of as many of a set as `spansPerSet`
 * says. `columns` names fields as `select(…)` does, which are told of the matched spans as a whole.
 * @throws PermanentError `bad_request`
 */
export function parseShownSearch(params: QueryParams, nowNano: bigint): TraceQuery {
  const query = parseTraceqlSearch(params, nowNano);
  const spansPerSet = intParam(params, "spansPerSet", 1, MAX_SPANS_PER_SET) ?? DEFAULT_SPANS_PER_SET;
  const text = textParam(params, "q");
  const fields = text === undefined ? [] : [...selectedFields(parseQuery(text).pipeline).values()];
  if (fields.length > MAX_FIELDS) {
    throw new PermanentError("bad_request", `'q': select(…) names ${fields.length} fields, at most ${MAX_FIELDS}`);
  }
  const columns = columnsParam(params);
  if (fields.length === 0 && columns.length === 0) return query;
  return { ...query, show: { spansPerSet, fields, ...(columns.length === 0 ? {} : { columns }) } };
}

function columnsParam(params: QueryParams): readonly TraceqlField[] {
  const text = textParam(params, "columns");
  if (text === undefined) return [];
  const columns = fieldsIn(text);
  if (columns !== undefined && columns.length <= MAX_FIELDS) return columns;
  throw badParam("columns", text, `at most ${MAX_FIELDS} fields such as span.http.method, parted by commas`);
}

/**
 * As `parseTraceqlSearch`, for what looks at spans as they come and never at a whole trace.
 * @throws PermanentError `bad_request`
 */
export function parseSpanSearch(params: QueryParams, nowNano: bigint): SpanFilter {
  const { filter, spansets } = parseTraceqlSearch(params, nowNano);
  if (spansets === undefined) return filter;
  throw new PermanentError(
    "bad_request",
    "'q': expected what one span says by itself: what is followed live are spans as they come, so neither structure, " +
      "aggregates, parent. nor fields of the trace can be asked for",
  );
}

function parseQuery(text: string): TraceqlQuery {
  try {
    return parseTraceql(text);
  } catch (error) {
    if (error instanceof TraceqlError)
      throw new PermanentError("bad_request", `'q': ${error.message}`, { cause: error });
    throw error;
  }
}
