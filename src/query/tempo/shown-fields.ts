import type {
  FieldExpression,
  ScalarExpression,
  SpansetExpression,
  SpansetPipeline,
  TraceqlField,
} from "../../model/traceql.ts";
import { printField } from "../../traceql/print-field.ts";

/** More are not shown. */
const MAX_FIELDS = 50;

/** What every span of an answer has beside its attributes, or the trace has. */
const SHOWN_ANYWAY: ReadonlySet<string> = new Set([
  "span:name",
  "span:duration",
  "span:id",
  "trace:id",
  "trace:duration",
  "trace:rootName",
  "trace:rootService",
]);

/** The fields that Tempo shows of found spans: those that the query compares, counts or selects. Each once. */
export function shownFields(pipeline: SpansetPipeline): TraceqlField[] {
  const fields = new Map<string, TraceqlField>();
  for (const field of ofPipeline(pipeline)) {
    if (fields.size === MAX_FIELDS) break;
    if (!("intrinsic" in field && SHOWN_ANYWAY.has(field.intrinsic)) && field.parent !== true) {
      fields.set(printField(field), field);
    }
  }
  return [...fields.values()];
}

function* ofPipeline({ first, stages }: SpansetPipeline): Generator<TraceqlField, void, void> {
  yield* ofSpansets(first);
  for (const stage of stages) {
    if (stage.stage === "filter") yield* ofSpansets(stage.of);
    else if (stage.stage === "by") yield* ofExpression(stage.field);
    else if (stage.stage === "select") for (const one of stage.fields) yield* ofExpression(one);
    else if (stage.stage === "scalar") {
      yield* ofScalar(stage.left);
      yield* ofScalar(stage.right);
    }
  }
}

function* ofSpansets(spansets: SpansetExpression): Generator<TraceqlField, void, void> {
  switch (spansets.op) {
    case "spans":
      if (spansets.where !== undefined) yield* ofExpression(spansets.where);
      break;
    case "pipeline":
      yield* ofPipeline(spansets.pipeline);
      break;
    default:
      yield* ofSpansets(spansets.left);
      yield* ofSpansets(spansets.right);
  }
}

/** Long chains are left-deep, so they are gone through without a call for each link. */
function* ofExpression(expr: FieldExpression): Generator<TraceqlField, void, void> {
  const open: FieldExpression[] = [expr];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.expr === "field") yield next.field;
    else if ("of" in next) open.push(next.of);
    else if ("right" in next) open.push(next.right, next.left);
  }
}

function* ofScalar(scalar: ScalarExpression): Generator<TraceqlField, void, void> {
  if (scalar.scalar === "arithmetic") {
    yield* ofScalar(scalar.left);
    yield* ofScalar(scalar.right);
  } else if (scalar.scalar === "aggregate" && scalar.of !== "count") yield* ofExpression(scalar.field);
}
