import { MAX_FILTER_DEPTH, type SpanFilter } from "../model/trace-query.ts";
import { parseTraceql } from "../traceql/parse.ts";
import { planTraceql } from "../traceql/plan.ts";

/**
 * The filter that a query in TraceQL means for spans as they come.
 * @throws TraceqlError where it is none; Error where it asks more than one span says, and where it is nested too deeply
 */
export function parseSpanFilter(text: string): SpanFilter {
  const query = parseTraceql(text);
  if (query.metrics !== undefined) {
    throw new Error(`found ${query.metrics.function.name}(), expected a filter of spans such as { status = error }`);
  }
  const { filter, spansets } = planTraceql(query);
  if (spansets !== undefined) {
    throw new Error(
      "expected what one span says by itself: spans are exported as they come, so neither structure, aggregates, " +
        "parent. nor fields of the trace can be asked for",
    );
  }
  if (isDeeper(filter, MAX_FILTER_DEPTH)) {
    throw new Error(`&& and || alternate too often: expected at most ${MAX_FILTER_DEPTH} levels`);
  }
  return filter;
}

function isDeeper(filter: SpanFilter, levels: number): boolean {
  if (levels < 0) return true;
  if (filter.op === "and" || filter.op === "or") return filter.of.some((part) => isDeeper(part, levels - 1));
  return filter.op === "not" && isDeeper(filter.of, levels - 1);
}
