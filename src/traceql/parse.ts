import type { TraceqlQuery } from "../model/traceql.ts";
import { parseMetrics } from "./parse-metrics.ts";
import { parseLiteral } from "./parse-operand.ts";
import { joinsNext, parsePipeline } from "./parse-pipeline.ts";
import { TokenReader } from "./token-reader.ts";

/**
 * A query from its text: at most MAX_QUERY UTF-16 units, MAX_PARTS parts and MAX_NESTING levels. What it compares is
 * checked by type. Hints are taken whatever their name: Tempo ignores those that it does not know.
 * @throws TraceqlError and nothing else
 */
export function parseTraceql(text: string): TraceqlQuery {
  const reader = new TokenReader(text);
  if (reader.peek().type === "end") throw reader.unexpected("a query such as { status = error }");
  const pipeline = parsePipeline(reader);
  const metrics = parseMetrics(reader);
  const hints: TraceqlQuery["hints"][number][] = [];
  while (reader.skip("with")) hints.push(...parseHints(reader));
  if (reader.peek().type !== "end") throw reader.unexpected(whatFollows(reader, metrics !== undefined));
  return { pipeline, ...(metrics === undefined ? {} : { metrics }), hints };
}

function parseHints(reader: TokenReader): TraceqlQuery["hints"] {
  reader.expect("(", "( after with");
  const hints: TraceqlQuery["hints"][number][] = [];
  do {
    const token = reader.peek();
    if (token.type !== "word") throw reader.unexpected("a hint such as most_recent=true");
    reader.take();
    reader.expect("=", `= after the hint ${token.text}`);
    const value = parseLiteral(reader);
    if (value === undefined) throw reader.unexpected("the value of the hint");
    hints.push(reader.part({ name: token.text, value }));
  } while (reader.skip(","));
  reader.expect(")", "a comma, or ) of with");
  return hints;
}

function whatFollows(reader: TokenReader, hasMetrics: boolean): string {
  if (hasMetrics) return "| topk(…), | bottomk(…), with (…) or the end";
  if (joinsNext(reader)) return "|, with (…) or the end: an aggregate is compared in a stage of its own, or in ( … )";
  return "an operator between spans (&&, ||, >, >>, <, <<, ~), |, with (…) or the end";
}
