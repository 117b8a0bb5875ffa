import type { FieldExpression, SpansetExpression, SpansetPipeline, SpansetStage } from "../model/traceql.ts";
import { COMPARISONS } from "./binding.ts";
import { AGGREGATE_WORDS, METRICS_WORDS, PIPELINE_WORDS } from "./names.ts";
import { parseFieldExpression } from "./parse-field.ts";
import { expectField } from "./parse-operand.ts";
import { parseScalarFilter } from "./parse-scalar.ts";
import { parseSpansets, structuralOf } from "./parse-spanset.ts";
import type { TokenReader } from "./token-reader.ts";

/**
 * A pipeline up to what belongs to no stage: a function of metrics, `with`, `)` or the end. One that begins with
 * another stage than spans begins with all spans.
 * @throws TraceqlError
 */
export function parsePipeline(reader: TokenReader): SpansetPipeline {
  const stages: SpansetStage[] = [];
  const begins = stageAt(reader);
  if (begins === "coalesce") throw reader.unexpected("{ … } before coalesce()");
  const first = begins === "filter" ? parseSpansets(reader, parenthesised) : ({ op: "spans" } as const);
  if (begins !== "filter") stages.push(parseStage(reader));
  while (
    reader.textAt() === "|" &&
    !METRICS_WORDS.some((name) => name === reader.textAt(1)) &&
    reader.textAt(1) !== "compare"
  ) {
    reader.take();
    stages.push(parseStage(reader));
  }
  return { first, stages };
}

/** What parentheses hold: a pipeline, which without stages is what it begins with. */
function parenthesised(reader: TokenReader): SpansetExpression {
  const pipeline = parsePipeline(reader);
  return pipeline.stages.length === 0 ? pipeline.first : reader.part({ op: "pipeline", pipeline });
}

function parseStage(reader: TokenReader): SpansetStage {
  switch (stageAt(reader)) {
    case "filter":
      return reader.part({ stage: "filter", of: parseSpansets(reader, parenthesised) });
    case "scalar":
      return parseScalarFilter(reader);
    case "by":
      return by(reader);
    case "select":
      return select(reader);
    case "coalesce":
      reader.take();
      reader.expect("(", "( after coalesce");
      reader.expect(")", "), for coalesce takes nothing");
      return reader.part({ stage: "coalesce" });
  }
}

/** Which stage comes next, by its first word behind parentheses. @throws TraceqlError */
function stageAt(reader: TokenReader): SpansetStage["stage"] {
  let ahead = 0;
  while (reader.textAt(ahead) === "(") ahead++;
  const { type } = reader.peek(ahead);
  const text = reader.textAt(ahead) ?? "";
  if (text === "{") return "filter";
  if (text === "by" || text === "select" || text === "coalesce") return ahead === 0 ? text : "filter";
  const isNumber = ["int", "float", "duration"].includes(type) || ["-", "minInt", "maxInt"].includes(text);
  if (isNumber || AGGREGATE_WORDS.some((name) => name === text))
    return ahead > 0 && holdsStage(reader) ? "filter" : "scalar";
  for (; ahead > 0; ahead--) reader.take();
  throw reader.unexpected("{ … }, count(), avg(…), min(…), max(…), sum(…), by(…), select(…) or coalesce()", [
    ...PIPELINE_WORDS,
    ...METRICS_WORDS,
  ]);
}

/** Whether the parenthesis that comes next holds a stage: `(count() > 2)`, and not `(count() + 1)`. */
function holdsStage(reader: TokenReader): boolean {
  for (let ahead = 0, open = 0; reader.peek(ahead).type !== "end"; ahead++) {
    const text = reader.textAt(ahead) ?? "";
    if (text === "(") open++;
    else if (text === ")" && --open === 0) return false;
    else if (text === "|" || COMPARISONS.has(text)) return true;
  }
  return false;
}

function by(reader: TokenReader): SpansetStage {
  reader.take();
  reader.expect("(", "( after by");
  const token = reader.peek();
  const { expr: field, usesSpan } = reader.nested(() => parseFieldExpression(reader));
  if (!usesSpan)
    throw reader.fault({ found: reader.since(token), expected: "a field of the span", token, kind: "type" });
  reader.expect(")", "an operator, or ) of by");
  return reader.part({ stage: "by", field });
}

function select(reader: TokenReader): SpansetStage {
  reader.take();
  reader.expect("(", "( after select");
  const fields: FieldExpression[] = [];
  do fields.push(reader.part({ expr: "field", field: expectField(reader) }));
  while (reader.skip(","));
  reader.expect(")", "a comma, or ) of select");
  return reader.part({ stage: "select", fields });
}

/** Whether an operator that joins spansets comes next: of scalar filters there is none. */
export function joinsNext(reader: TokenReader): boolean {
  const text = reader.textAt() ?? "";
  return text === "&&" || text === "||" || structuralOf(text) !== undefined;
}
