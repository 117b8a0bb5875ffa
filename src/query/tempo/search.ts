import type { TraceQuery } from "../../model/trace-query.ts";
import type { SpansetPipeline, TraceqlField, TraceqlQuery } from "../../model/traceql.ts";
import { parseTraceql } from "../../traceql/parse.ts";
import { planTraceql } from "../../traceql/plan.ts";
import { printFieldExpression } from "../../traceql/print-field.ts";
import { type QueryParams, textParam } from "../params.ts";
import { parseLogfmt } from "./logfmt.ts";
import { badTempo, countParam, durationOf, nanoBounds, refusedQuery, refuseOrder, secondsRange } from "./params.ts";
import { shownFields } from "./shown-fields.ts";
import { queryOfTags } from "./tag-search.ts";

const DEFAULT_LIMIT = 20;
const DEFAULT_SPANS_PER_SET = 3;
/** More than the store gives at once nobody gets. */
const MAX_LIMIT = 100_000;
const MAX_SPANS_PER_SET = 10_000;
const MAX_NANOS = (1n << 64n) - 1n;
/** Parameters of the search itself; others are tags where nothing else is asked for. */
const PARAMETERS: ReadonlySet<string> = new Set([
  "q",
  "tags",
  "minDuration",
  "maxDuration",
  "limit",
  "spss",
  "start",
  "end",
]);

/** A search as it is asked of the store; plain. */
export interface TempoSearch {
  readonly query: TraceQuery;
  /** Of `query.show`. */
  readonly fields: readonly TraceqlField[];
  /** What the `by` stages group by, as they were written and as fields where they are one. */
  readonly by: readonly { readonly name: string; readonly field?: TraceqlField }[];
  /** What is left was counted last. */
  readonly counted: boolean;
  /** Traces that the client wants, where that is more than `query.limit`. */
  readonly wanted: number;
}

/** `GET /api/search`, as Tempo's pkg/api reads it. Throws PermanentError `bad_request`. */
export function parseTempoSearch(params: QueryParams): TempoSearch {
  const range = secondsRange(params, 32);
  const { pipeline } = parseQuery(params, range.start === 0n && range.end === 0n);
  const min = durationOf(params, "minDuration") ?? 0n;
  const max = durationOf(params, "maxDuration") ?? 0n;
  if (max !== 0n && min > max) throw badTempo("invalid maxDuration: must be greater than minDuration");
  const wanted = countParam(params, "limit") ?? DEFAULT_LIMIT;
  const spansPerSet = Math.min(countParam(params, "spss") ?? DEFAULT_SPANS_PER_SET, MAX_SPANS_PER_SET);
  if (range.start !== 0n || range.end !== 0n) refuseOrder(range);
  const fields = shownFields(pipeline);
  return {
    query: {
      ...planTraceql({ pipeline, hints: [] }),
      show: { spansPerSet, fields },
      ...nanoBounds(range),
      ...(min === 0n ? {} : { traceDurationMin: min }),
      ...(max === 0n ? {} : { traceDurationMax: max < MAX_NANOS ? max : MAX_NANOS }),
      limit: Math.min(wanted, MAX_LIMIT),
    },
    fields,
    by: groupingOf(pipeline),
    counted: isCounted(pipeline),
    wanted,
  };
}

function parseQuery(params: QueryParams, anyTime: boolean): TraceqlQuery {
  const text = textParam(params, "q");
  const tags = textParam(params, "tags");
  if (text !== undefined && tags !== undefined) {
    throw badTempo("invalid request: can't specify tags and q in the same query");
  }
  if (text !== undefined) return parseTraces(text);
  if (tags !== undefined) return queryOfTags(parseLogfmt(tags));
  const named = new Map<string, string>();
  if (anyTime) {
    for (const [key, value] of params)
      if (!PARAMETERS.has(key) && value !== "" && !named.has(key)) named.set(key, value);
  }
  return queryOfTags([...named].slice(0, 100));
}

function parseTraces(text: string): TraceqlQuery {
  let query: TraceqlQuery;
  try {
    query = parseTraceql(text);
  } catch (error) {
    throw refusedQuery(error);
  }
  if (query.metrics === undefined) return query;
  const name = query.metrics.function.name;
  throw badTempo(`invalid TraceQL query: ${name}() makes metrics, which /api/metrics/query_range answers`);
}

function groupingOf({ stages }: SpansetPipeline): TempoSearch["by"] {
  const from = stages.findLastIndex(({ stage }) => stage === "coalesce") + 1;
  return stages.slice(from).flatMap((stage) => {
    if (stage.stage !== "by") return [];
    const name = printFieldExpression(stage.field, 0);
    return [stage.field.expr === "field" ? { name, field: stage.field.field } : { name }];
  });
}

function isCounted({ stages }: SpansetPipeline): boolean {
  const last = stages.findLast(({ stage }) => stage !== "select");
  return (
    last?.stage === "scalar" &&
    [last.left, last.right].some((side) => side.scalar === "aggregate" && side.of === "count")
  );
}
