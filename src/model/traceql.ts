import type { SpanKind, StatusCode } from "./span.ts";

/**
 * A TraceQL query as data: what the parser makes of a text, and what the storage engine evaluates. Grafana Tempo's
 * documentation of TraceQL is the source of its meaning.
 *
 * A query is a pipeline over spansets. A spanset is the spans of one trace that a stage lets through; a trace matches
 * when its pipeline ends with at least one spanset that is not empty.
 */
export interface TraceqlQuery {
  readonly pipeline: SpansetPipeline;
  /** Present for a query of metrics: what the spans that are left become. */
  readonly metrics?: MetricsStage;
  /** `with (most_recent=true)`; names as they were written. */
  readonly hints: readonly { readonly name: string; readonly value: TraceqlLiteral }[];
}

/** `first` makes spansets of a trace, each stage makes others of those. */
export interface SpansetPipeline {
  readonly first: SpansetExpression;
  readonly stages: readonly SpansetStage[];
}

export type SpansetExpression =
  /** `{ … }`; without a condition all spans of the trace. */
  | { readonly op: "spans"; readonly where?: FieldExpression }
  /** `&&`: the spans of both, where neither side is empty. `||`: the spans of either. */
  | { readonly op: "and" | "or"; readonly left: SpansetExpression; readonly right: SpansetExpression }
  | {
      readonly op: "structural";
      /**
       * What a span of the right side is to one of the left: `>` child, `>>` descendant, `<` parent, `<<` ancestor, `~`
       * sibling.
       */
      readonly relation: SpanRelation;
      /**
       * `plain` `>`: spans of the right side with a partner. `negated` `!>`: those without one. `union` `&>`: both
       * sides' spans that have a partner.
       */
      readonly form: "plain" | "negated" | "union";
      readonly left: SpansetExpression;
      readonly right: SpansetExpression;
    }
  /** `({ … } | count() > 2)` as an operand. */
  | { readonly op: "pipeline"; readonly pipeline: SpansetPipeline };

export type SpanRelation = "child" | "descendant" | "parent" | "ancestor" | "sibling";

export type SpansetStage =
  /** `| { … } >> { … }`, `| { … }`: of the spans that the stage before let through. */
  | { readonly stage: "filter"; readonly of: SpansetExpression }
  /** `| count() > 2`, `| avg(duration) > 1s`, `| max(span.bytes) - min(span.bytes) > 10`. */
  | {
      readonly stage: "scalar";
      readonly left: ScalarExpression;
      readonly is: TraceqlComparison;
      readonly right: ScalarExpression;
    }
  /** `| by(resource.service.name)`: a spanset for each value. */
  | { readonly stage: "by"; readonly field: FieldExpression }
  /** `| coalesce()`: the spansets of a trace as one again. */
  | { readonly stage: "coalesce" }
  /** `| select(span.http.url, name)`: which fields the answer shows of the spans. */
  | { readonly stage: "select"; readonly fields: readonly FieldExpression[] };

export type ScalarExpression =
  | { readonly scalar: "literal"; readonly value: TraceqlLiteral }
  | { readonly scalar: "aggregate"; readonly of: "count" }
  | { readonly scalar: "aggregate"; readonly of: "avg" | "min" | "max" | "sum"; readonly field: FieldExpression }
  | {
      readonly scalar: "arithmetic";
      readonly op: ArithmeticOperator;
      readonly left: ScalarExpression;
      readonly right: ScalarExpression;
    };

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%" | "^";
export type TraceqlComparison = "=" | "!=" | "=~" | "!~" | ">" | ">=" | "<" | "<=";

/** A value or a condition of one span. */
export type FieldExpression =
  | { readonly expr: "field"; readonly field: TraceqlField }
  | { readonly expr: "literal"; readonly value: TraceqlLiteral }
  /** Comparison with `nil` asks for presence: `.a = nil`, `.a != nil`. */
  | {
      readonly expr: "compare";
      readonly is: TraceqlComparison;
      readonly left: FieldExpression;
      readonly right: FieldExpression;
    }
  | { readonly expr: "and" | "or"; readonly left: FieldExpression; readonly right: FieldExpression }
  | { readonly expr: "not" | "negative"; readonly of: FieldExpression }
  | {
      readonly expr: "arithmetic";
      readonly op: ArithmeticOperator;
      readonly left: FieldExpression;
      readonly right: FieldExpression;
    };

export type TraceqlField =
  /** `span.http.method`, `.http.method` (span first, then resource), `parent.resource.a` with `parent`. */
  | {
      readonly scope: "any" | "span" | "resource" | "event" | "link" | "instrumentation";
      readonly key: string;
      /** Of the span's parent instead. */
      readonly parent?: true;
    }
  | { readonly intrinsic: TraceqlIntrinsic; readonly parent?: true };

/** By the names with a scope; the short ones (`name`, `duration`, `rootName`, `traceDuration`, …) are the same. */
export type TraceqlIntrinsic =
  | "span:name"
  | "span:kind"
  | "span:status"
  | "span:statusMessage"
  | "span:duration"
  | "span:id"
  | "span:parentID"
  | "span:childCount"
  | "trace:id"
  | "trace:duration"
  | "trace:rootName"
  | "trace:rootService"
  | "event:name"
  | "event:timeSinceStart"
  | "link:traceID"
  | "link:spanID"
  | "instrumentation:name"
  | "instrumentation:version"
  | "nestedSetLeft"
  | "nestedSetRight"
  | "nestedSetParent";

export type TraceqlLiteral =
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "int"; readonly value: bigint }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  /** ns */
  | { readonly type: "duration"; readonly value: bigint }
  | { readonly type: "status"; readonly value: StatusCode }
  | { readonly type: "kind"; readonly value: SpanKind }
  | { readonly type: "nil" };

/** What a query of metrics makes of the spans, a value for each step of time and group. */
export interface MetricsStage {
  readonly function: MetricsFunction;
  readonly by: readonly TraceqlField[];
  /** `| topk(5)`, `| bottomk(5)`. */
  readonly limit?: { readonly order: "topk" | "bottomk"; readonly count: number };
}

export type MetricsFunction =
  | { readonly name: "rate" | "count_over_time" }
  | {
      readonly name: "min_over_time" | "max_over_time" | "avg_over_time" | "sum_over_time" | "histogram_over_time";
      readonly field: TraceqlField;
    }
  | { readonly name: "quantile_over_time"; readonly field: TraceqlField; readonly quantiles: readonly number[] };
