import type {
  ScalarExpression,
  SpansetExpression,
  SpansetPipeline,
  SpansetStage,
  TraceqlQuery,
} from "../../../src/model/traceql.ts";
import type { NaiveSpan } from "../search/naive-search.ts";
import { naiveArithmetic, naiveCompare, naiveGroupKey, naiveHolds, naiveInt, naiveValue } from "./naive-expressions.ts";
import type { NaiveValue } from "./naive-fields.ts";
import { type NaiveTrace, naiveTrace } from "./naive-trace.ts";

type Spanset = readonly NaiveSpan[];

/**
 * The spans of a trace that a query leaves, straight from the query: the trace matches where there is one. `spans`: the
 * distinct spans of one trace, as `group` has them. Written apart from the product's evaluation, so that the two can be
 * compared.
 */
export function naiveMatches(spans: readonly NaiveSpan[], { pipeline }: TraceqlQuery): readonly NaiveSpan[] {
  const trace = naiveTrace(spans);
  const left = new Set(runPipeline(trace, spans, pipeline).flat());
  return spans.filter((span) => left.has(span));
}

function runPipeline(trace: NaiveTrace, spans: Spanset, { first, stages }: SpansetPipeline): readonly Spanset[] {
  let spansets: readonly Spanset[] = notEmpty([select(trace, spans, first)]);
  for (const stage of stages) spansets = notEmpty(runStage(trace, spansets, stage));
  return spansets;
}

function notEmpty(spansets: readonly Spanset[]): readonly Spanset[] {
  return spansets.filter((spanset) => spanset.length > 0);
}

function runStage(trace: NaiveTrace, spansets: readonly Spanset[], stage: SpansetStage): readonly Spanset[] {
  switch (stage.stage) {
    case "filter":
      return spansets.map((spanset) => select(trace, spanset, stage.of));
    case "scalar":
      return spansets.filter((spanset) => {
        const left = scalarOf(trace, spanset, stage.left);
        const right = scalarOf(trace, spanset, stage.right);
        return left !== undefined && right !== undefined && naiveCompare(left, stage.is, right);
      });
    case "by":
      return spansets.flatMap((spanset) => [
        ...Map.groupBy(spanset, (span) => naiveGroupKey(naiveValue(trace, span, stage.field))).values(),
      ]);
    case "coalesce":
      return [[...new Set(spansets.flat())]];
    case "select":
      return spansets;
  }
}

/** What an expression makes of some spans of a trace. */
function select(trace: NaiveTrace, spans: Spanset, expression: SpansetExpression): Spanset {
  if (expression.op === "spans") {
    const { where } = expression;
    return where === undefined ? spans : spans.filter((span) => naiveHolds(trace, span, where));
  }
  if (expression.op === "pipeline") return [...new Set(runPipeline(trace, spans, expression.pipeline).flat())];
  const left = select(trace, spans, expression.left);
  const right = select(trace, spans, expression.right);
  const both = () => spans.filter((span) => left.includes(span) || right.includes(span));
  if (expression.op === "or") return both();
  if (expression.op !== "structural") return left.length > 0 && right.length > 0 ? both() : [];
  const related = (a: NaiveSpan, b: NaiveSpan) => isRelated(trace, a, b, expression.relation);
  const hasPartner = (b: NaiveSpan) => left.some((a) => related(a, b));
  switch (expression.form) {
    case "plain":
      return right.filter(hasPartner);
    case "negated":
      return right.filter((b) => !hasPartner(b));
    case "union":
      return spans.filter(
        (span) =>
          (right.includes(span) && hasPartner(span)) || (left.includes(span) && right.some((b) => related(span, b))),
      );
  }
}

/** Whether `b` is the child, descendant … of `a`. */
function isRelated(trace: NaiveTrace, a: NaiveSpan, b: NaiveSpan, relation: string): boolean {
  switch (relation) {
    case "child":
      return trace.children(a).includes(b);
    case "parent":
      return trace.children(b).includes(a);
    case "descendant":
      return trace.descendants(a).has(b);
    case "ancestor":
      return trace.descendants(b).has(a);
    default:
      return a !== b && a.span.parentSpanId !== "" && a.span.parentSpanId === b.span.parentSpanId;
  }
}

function scalarOf(trace: NaiveTrace, spanset: Spanset, scalar: ScalarExpression): NaiveValue | undefined {
  switch (scalar.scalar) {
    case "literal":
      return scalar.value.type === "nil" ? undefined : scalar.value;
    case "arithmetic":
      return naiveArithmetic(scalarOf(trace, spanset, scalar.left), scalar.op, scalarOf(trace, spanset, scalar.right));
    case "aggregate": {
      if (scalar.of === "count") return naiveInt(BigInt(spanset.length));
      const values = spanset.flatMap((span) => numbersIn(naiveValue(trace, span, scalar.field)));
      return values.length === 0 ? undefined : aggregate(scalar.of, values);
    }
  }
}

type Numeric = Extract<NaiveValue, { type: "int" | "float" | "duration" }>;

function numbersIn(value: NaiveValue | undefined): Numeric[] {
  if (value?.type === "float") return Number.isNaN(value.value) ? [] : [value];
  return value?.type === "int" || value?.type === "duration" ? [value] : [];
}

function aggregate(of: "avg" | "min" | "max" | "sum", values: readonly Numeric[]): NaiveValue {
  if (of === "min") return values.reduce((least, value) => (value.value < least.value ? value : least));
  if (of === "max") return values.reduce((most, value) => (value.value > most.value ? value : most));
  const exact = values.every(({ type }) => type !== "float")
    ? values.reduce((sum, { value }) => sum + BigInt(value), 0n)
    : undefined;
  const sum = exact === undefined ? values.reduce((total, { value }) => total + Number(value), 0) : Number(exact);
  if (of === "avg") return { type: "float", value: sum / values.length };
  if (exact !== undefined && values.every(({ type }) => type === "int")) return naiveInt(exact);
  if (exact !== undefined && values.every(({ type }) => type === "duration")) return { type: "duration", value: exact };
  return { type: "float", value: sum };
}
