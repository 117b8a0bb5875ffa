import type { SpansetExpression } from "../../../../src/model/traceql.ts";
import type { UiRankedAttribute } from "../../../../src/query/ui/explain-selection/explain-types.ts";
import { TraceqlError } from "../../../../src/traceql/error.ts";
import { parseTraceql } from "../../../../src/traceql/parse.ts";
import { printTraceql } from "../../../../src/traceql/print.ts";
import { queryText } from "../params/refine.ts";
import type { SearchParams } from "../params/search-params.ts";

/** The condition for the spans that have an attribute; undefined where no query can say it. */
export function havingIt({ condition, service }: UiRankedAttribute): string | undefined {
  return condition === undefined ? undefined : onService(condition, service);
}

/** The condition for those that have another value under its key; undefined where there is no value. */
export function havingAnother({ condition, service, value }: UiRankedAttribute): string | undefined {
  if (condition === undefined || value === undefined) return undefined;
  const query = parseTraceql(`{ ${condition} }`);
  const { first } = query.pipeline;
  if (first.op !== "spans" || first.where?.expr !== "compare" || first.where.is !== "=") return undefined;
  const where = { ...first.where, is: "!=" } as const;
  const other = printTraceql({ ...query, pipeline: { first: { op: "spans", where }, stages: [] } });
  return onService(other.slice(2, -2), service);
}

/**
 * The search for those of its traces in which some span satisfies the condition, too: not the same span as the search
 * is for, as what explains a request lies anywhere in it. What was selected stays selected; undefined where the search
 * is no query.
 */
export function narrowedSearch(params: SearchParams, condition: string): SearchParams | undefined {
  const { service: _s, operation: _o, tags: _t, minDuration: _min, maxDuration: _max, explain: _e, ...rest } = params;
  const q = narrowedQuery(queryText(params), condition);
  return q === undefined ? undefined : { ...rest, q };
}

function narrowedQuery(text: string, condition: string): string | undefined {
  try {
    const query = parseTraceql(text);
    const { first, stages } = query.pipeline;
    const right = parseTraceql(`{ ${condition} }`).pipeline.first;
    const filtering = stages.filter(({ stage }) => stage !== "select");
    const left: SpansetExpression =
      filtering.length === 0 ? first : { op: "pipeline", pipeline: { first, stages: filtering } };
    const isAll = left.op === "spans" && left.where === undefined;
    const both: SpansetExpression = isAll ? right : { op: "and", left, right };
    const shown = stages.filter(({ stage }) => stage === "select");
    return printTraceql({ ...query, pipeline: { first: both, stages: shown } });
  } catch (error) {
    if (error instanceof TraceqlError) return undefined;
    throw error;
  }
}

function onService(condition: string, service: string | undefined): string {
  return service === undefined ? condition : `resource.service.name = ${JSON.stringify(service)} && ${condition}`;
}
