import type { MetricsStage, SpansetExpression, SpansetPipeline, SpansetStage, TraceqlQuery } from "../model/traceql.ts";
import { structuralText } from "./parse-spanset.ts";
import { printField, printFieldExpression, printLiteral, printScalar } from "./print-field.ts";

/**
 * The canonical text of a query: one spelling of each name, no parenthesis that is not needed. It parses to an equal
 * query.
 */
export function printTraceql({ pipeline, metrics, hints }: TraceqlQuery): string {
  const parts = [printPipeline(pipeline)];
  if (metrics !== undefined) parts.push(printMetrics(metrics));
  const text = parts.join(" | ");
  if (hints.length === 0) return text;
  return `${text} with (${hints.map(({ name, value }) => `${name}=${printLiteral(value)}`).join(", ")})`;
}

function printPipeline({ first, stages }: SpansetPipeline): string {
  return [printSpansets(first, 0), ...stages.map(printStage)].join(" | ");
}

/** `within`: how close the operator binds that it is an operand of; more than its own puts it in parentheses. */
function printSpansets(spansets: SpansetExpression, within: number): string {
  switch (spansets.op) {
    case "spans":
      return spansets.where === undefined ? "{ }" : `{ ${printFieldExpression(spansets.where, 0)} }`;
    case "pipeline":
      return `(${printPipeline(spansets.pipeline)})`;
    case "structural":
      return printBinary(spansets, structuralText(spansets), 2, within);
    default:
      return printBinary(spansets, spansets.op === "and" ? "&&" : "||", 1, within);
  }
}

type Binary = Exclude<SpansetExpression, { op: "spans" | "pipeline" }>;

function printBinary({ left, right }: Binary, operator: string, binding: number, within: number): string {
  const text = `${printSpansets(left, binding)} ${operator} ${printSpansets(right, binding + 1)}`;
  return binding < within ? `(${text})` : text;
}

function printStage(stage: SpansetStage): string {
  switch (stage.stage) {
    case "filter":
      return printSpansets(stage.of, 0);
    case "scalar":
      return `${printScalar(stage.left, 0)} ${stage.is} ${printScalar(stage.right, 0)}`;
    case "by":
      return `by(${printFieldExpression(stage.field, 0)})`;
    case "coalesce":
      return "coalesce()";
    case "select":
      return `select(${stage.fields.map((field) => printFieldExpression(field, 0)).join(", ")})`;
  }
}

function printMetrics({ function: called, by, limit }: MetricsStage): string {
  const field = "field" in called ? printField(called.field) : "";
  const quantiles = "quantiles" in called ? called.quantiles.map((one) => `, ${one}`).join("") : "";
  const groups = by.length === 0 ? "" : ` by (${by.map(printField).join(", ")})`;
  const cut = limit === undefined ? "" : ` | ${limit.order}(${limit.count})`;
  return `${called.name}(${field}${quantiles})${groups}${cut}`;
}
