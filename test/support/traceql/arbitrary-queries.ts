import fc from "fast-check";
import type {
  FieldExpression,
  MetricsStage,
  ScalarExpression,
  SpansetExpression,
  SpansetPipeline,
  SpansetStage,
  TraceqlField,
  TraceqlLiteral,
  TraceqlQuery,
} from "../../../src/model/traceql.ts";
import {
  attribute,
  attributeField,
  bool,
  condition,
  IDS,
  key,
  NUMBERS,
  numbers,
  numeric,
  ordering,
  parent,
  STRINGS,
  scope,
  text,
  texts,
} from "./arbitrary-fields.ts";

/** Queries that the parser can make. */

const spans: fc.Arbitrary<SpansetExpression> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<SpansetExpression>({ op: "spans" }) },
  { weight: 6, arbitrary: condition.map((where): SpansetExpression => ({ op: "spans", where })) },
);

/** What an aggregate or `by` takes names a field. */
const spanNumeric = numeric.filter(usesSpan);

function usesSpan(expr: FieldExpression): boolean {
  if (expr.expr === "field") return true;
  if (expr.expr === "literal") return false;
  return "of" in expr ? usesSpan(expr.of) : usesSpan(expr.left) || usesSpan(expr.right);
}

const aggregate: fc.Arbitrary<ScalarExpression> = fc.oneof(
  fc.constant<ScalarExpression>({ scalar: "aggregate", of: "count" }),
  fc
    .tuple(fc.constantFrom("avg", "min", "max", "sum"), spanNumeric)
    .map(([of, field]) => ({ scalar: "aggregate", of, field }) as ScalarExpression),
);
const scalar: fc.Arbitrary<ScalarExpression> = fc.letrec<{ scalar: ScalarExpression }>((tie) => ({
  scalar: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    aggregate,
    numbers.map((value): ScalarExpression => ({ scalar: "literal", value })),
    fc
      .tuple(fc.constantFrom("+", "-", "*", "/", "%", "^"), tie("scalar"), tie("scalar"))
      .map(([op, left, right]) => ({ scalar: "arithmetic", op, left, right }) as ScalarExpression),
  ),
})).scalar;

type Ties = {
  spansets: SpansetExpression;
  stage: SpansetStage;
  pipeline: SpansetPipeline;
};

const parts = fc.letrec<Ties>((tie) => ({
  spansets: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 6, arbitrary: spans },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom("and", "or"), tie("spansets"), tie("spansets"))
        .map(([op, left, right]) => ({ op, left, right }) as SpansetExpression),
    },
    {
      weight: 5,
      arbitrary: fc
        .tuple(
          fc.constantFrom("child", "descendant", "parent", "ancestor", "sibling"),
          fc.constantFrom("plain", "plain", "negated", "union"),
          tie("spansets"),
          tie("spansets"),
        )
        .map(
          ([relation, form, left, right]) => ({ op: "structural", relation, form, left, right }) as SpansetExpression,
        ),
    },
    {
      weight: 1,
      arbitrary: tie("pipeline")
        .filter(({ stages }) => stages.length > 0)
        .map((pipeline): SpansetExpression => ({ op: "pipeline", pipeline })),
    },
  ),
  stage: fc.oneof(
    tie("spansets").map((of): SpansetStage => ({ stage: "filter", of })),
    fc
      .tuple(aggregate, ordering, scalar)
      .map(([left, is, right]): SpansetStage => ({ stage: "scalar", left, is, right })),
    fc
      .tuple(scalar, ordering, aggregate)
      .map(([left, is, right]): SpansetStage => ({ stage: "scalar", left, is, right })),
    fc
      .oneof(attribute, text, spanNumeric, condition.filter(usesSpan))
      .map((field): SpansetStage => ({ stage: "by", field })),
    fc.constant<SpansetStage>({ stage: "coalesce" }),
    fc
      .array(fc.oneof(attribute, text), { minLength: 1, maxLength: 3 })
      .map((fields): SpansetStage => ({ stage: "select", fields })),
  ),
  pipeline: fc
    .tuple(tie("spansets"), fc.array(tie("stage"), { maxLength: 3 }))
    .map(([first, stages]) => ({ first, stages })),
}));

/** Queries without functions of metrics and without hints. */
export const traceqlQuery: fc.Arbitrary<TraceqlQuery> = parts.pipeline.map((pipeline) => ({ pipeline, hints: [] }));

/** Queries that are one `{ … }`. */
export const selectorQuery: fc.Arbitrary<TraceqlQuery> = spans.map((first) => ({
  pipeline: { first, stages: [] },
  hints: [],
}));

const field = fc.oneof(
  attributeField,
  fc.constantFrom(...STRINGS, ...IDS, ...NUMBERS).map((intrinsic): TraceqlField => ({ intrinsic })),
);

const metrics: fc.Arbitrary<MetricsStage> = fc
  .record({
    function: fc.oneof(
      fc.constantFrom({ name: "rate" }, { name: "count_over_time" }),
      fc.record({
        name: fc.constantFrom(
          "min_over_time",
          "max_over_time",
          "avg_over_time",
          "sum_over_time",
          "histogram_over_time",
        ),
        field,
      }),
      fc.record({
        name: fc.constant("quantile_over_time"),
        field,
        quantiles: fc.array(fc.constantFrom(0, 0.5, 0.99, 1), { minLength: 1, maxLength: 3 }),
      }),
    ),
    by: fc.array(field, { maxLength: 2 }),
    limit: fc.option(fc.record({ order: fc.constantFrom("topk", "bottomk"), count: fc.integer({ min: 1, max: 20 }) }), {
      nil: undefined,
    }),
  })
  .map(({ limit, ...rest }) => ({ ...rest, ...(limit === undefined ? {} : { limit }) }) as MetricsStage);

const anyKey = fc.oneof(
  key,
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom("duration", "span.a", "event:name", 'a"b\\', "a b", "", "a-b", "5", "ünï"),
);
const anyLiteral: fc.Arbitrary<TraceqlLiteral> = fc.oneof(
  texts,
  numbers,
  fc.string({ unit: "binary", maxLength: 6 }).map((value): TraceqlLiteral => ({ type: "string", value })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): TraceqlLiteral => ({ type: "int", value })),
  fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }).map((value): TraceqlLiteral => ({ type: "duration", value })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value): TraceqlLiteral => ({ type: "float", value })),
);

/** Queries of every kind, with metrics, hints and the oddest names and values: what is printed and parsed. */
export const anyQuery: fc.Arbitrary<TraceqlQuery> = fc
  .record({
    pipeline: fc.oneof(
      parts.pipeline,
      fc.tuple(scope, anyKey, parent, anyLiteral).map(
        ([scope, key, parent, value]): SpansetPipeline => ({
          first: {
            op: "spans",
            where: {
              expr: "compare",
              is: "=",
              left: { expr: "field", field: { scope, key, ...parent } as TraceqlField },
              right: { expr: "literal", value },
            },
          },
          stages: [],
        }),
      ),
    ),
    metrics: fc.option(metrics, { nil: undefined }),
    hints: fc.array(
      fc.record({
        name: fc.constantFrom("most_recent", "exemplars", "sample"),
        value: fc.oneof(anyLiteral, bool.map(literalOf)),
      }),
      { maxLength: 2 },
    ),
  })
  .map(({ metrics, ...rest }) => ({ ...rest, ...(metrics === undefined ? {} : { metrics }) }));

function literalOf(expr: FieldExpression): TraceqlLiteral {
  return expr.expr === "literal" ? expr.value : { type: "nil" };
}
