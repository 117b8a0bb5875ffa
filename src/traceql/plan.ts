import type { SpanFilter, TraceQuery } from "../model/trace-query.ts";
import type { FieldExpression, SpansetExpression, SpansetPipeline, TraceqlQuery } from "../model/traceql.ts";
import { allOf, anyOf, EVERY_SPAN, NO_SPAN } from "./filter-parts.ts";
import { comparisonFilter, fieldFilter } from "./plan-comparison.ts";

/** Which traces, in the store's terms. */
export type TraceqlPlan = Pick<TraceQuery, "filter" | "spansets" | "also">;

/**
 * The search that a query means. Where a filter of spans alone says it there is no `spansets`; else every span that the
 * pipeline may leave satisfies `filter`, as tightly as a filter can say it. What stands for metrics is left out.
 */
export function planTraceql({ pipeline }: TraceqlQuery): TraceqlPlan {
  const { filter, exact } = boundPipeline(pipeline);
  if (exact) return { filter };
  const own = JSON.stringify(filter, exactText);
  const also = required(pipeline).filter((one) => one.op !== "all" && JSON.stringify(one, exactText) !== own);
  return { filter, spansets: pipeline, ...(also.length === 0 ? {} : { also }) };
}

/** A filter that lets through at least what it stands for, and whether it lets through nothing else. */
interface Bound {
  readonly filter: SpanFilter;
  readonly exact: boolean;
}

function boundPipeline({ first, stages }: SpansetPipeline): Bound {
  let { filter, exact } = boundSpansets(first);
  for (const stage of stages) {
    if (stage.stage === "filter") {
      const of = boundSpansets(stage.of);
      filter = allOf([filter, of.filter]);
      // A span of the pipeline that satisfies it alone is left, where no other span has a say.
      exact &&= of.exact;
    } else exact &&= stage.stage === "select";
  }
  return { filter, exact };
}

/** Of the spans that an expression may leave. */
function boundSpansets(spansets: SpansetExpression): Bound {
  switch (spansets.op) {
    case "spans":
      return spansets.where === undefined ? { filter: EVERY_SPAN, exact: true } : boundCondition(spansets.where, false);
    case "pipeline":
      return boundPipeline(spansets.pipeline);
    case "structural": {
      const right = boundSpansets(spansets.right).filter;
      const sides = spansets.form === "union" ? [boundSpansets(spansets.left).filter, right] : [right];
      return { filter: anyOf(sides), exact: false };
    }
    default: {
      const [left, right] = [boundSpansets(spansets.left), boundSpansets(spansets.right)];
      const exact = spansets.op === "or" && left.exact && right.exact;
      return { filter: anyOf([left.filter, right.filter]), exact };
    }
  }
}

/** Of the spans for which a condition holds; for which it does not, where `negated`. */
function boundCondition(expr: FieldExpression, negated: boolean): Bound {
  switch (expr.expr) {
    case "and":
    case "or": {
      const parts = operands(expr).map((part) => boundCondition(part, negated));
      const filters = parts.map(({ filter }) => filter);
      const isAll = (expr.expr === "and") !== negated;
      return { filter: isAll ? allOf(filters) : anyOf(filters), exact: parts.every(({ exact }) => exact) };
    }
    case "not":
      return boundCondition(expr.of, !negated);
    case "literal": {
      const isTrue = expr.value.type === "bool" && expr.value.value;
      return { filter: isTrue === negated ? NO_SPAN : EVERY_SPAN, exact: true };
    }
    case "field":
      return leaf(fieldFilter(expr.field, "=", { type: "bool", value: true }), negated);
    case "compare":
      return leaf(comparisonFilter(expr), negated);
    default:
      return { filter: EVERY_SPAN, exact: false };
  }
}

function leaf(filter: SpanFilter | undefined, negated: boolean): Bound {
  if (filter === undefined) return { filter: EVERY_SPAN, exact: false };
  return { filter: negated ? { op: "not", of: filter } : filter, exact: true };
}

/** All operands of a chain, however long it is. */
function operands(chain: Extract<FieldExpression, { expr: "and" | "or" }>): readonly FieldExpression[] {
  const found: FieldExpression[] = [];
  let next: FieldExpression = chain;
  while (next.expr === chain.expr) {
    found.push((next as typeof chain).right);
    next = (next as typeof chain).left;
  }
  return [next, ...found.reverse()];
}

/** Filters each of which holds for some span of every trace that a pipeline lets through. */
function required({ first, stages }: SpansetPipeline): readonly SpanFilter[] {
  const filters = stages.flatMap((stage) => (stage.stage === "filter" ? requiredSpansets(stage.of) : []));
  return [...requiredSpansets(first), ...filters];
}

function requiredSpansets(spansets: SpansetExpression): readonly SpanFilter[] {
  switch (spansets.op) {
    case "spans":
      return [boundSpansets(spansets).filter];
    case "pipeline":
      return required(spansets.pipeline);
    case "or":
      return [boundSpansets(spansets).filter];
    default: {
      const isNegated = spansets.op === "structural" && spansets.form === "negated";
      return [...(isNegated ? [] : requiredSpansets(spansets.left)), ...requiredSpansets(spansets.right)];
    }
  }
}

/** JSON has no bigints. */
function exactText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}
