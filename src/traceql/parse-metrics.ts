import type { MetricsFunction, MetricsStage, TraceqlField } from "../model/traceql.ts";
import { METRICS_WORDS } from "./names.ts";
import { expectField } from "./parse-operand.ts";
import type { TokenReader } from "./token-reader.ts";

/**
 * `| rate() by (…) | topk(5)`, where it comes next.
 * @throws TraceqlError
 */
export function parseMetrics(reader: TokenReader): MetricsStage | undefined {
  if (reader.textAt() !== "|") return undefined;
  if (reader.textAt(1) === "compare") {
    reader.take();
    throw reader.unexpected(
      `a function of metrics other than compare, which is not supported: ${METRICS_WORDS.join(", ")}`,
    );
  }
  const name = METRICS_WORDS.find((one) => one === reader.textAt(1));
  if (name === undefined) return undefined;
  reader.take();
  const called = parseFunction(reader, name);
  const by = reader.skip("by") ? parseBy(reader) : [];
  const limit = parseLimit(reader);
  return reader.part({ function: called, by, ...(limit === undefined ? {} : { limit }) });
}

function parseFunction(reader: TokenReader, name: (typeof METRICS_WORDS)[number]): MetricsFunction {
  reader.take();
  reader.expect("(", `( after ${name}`);
  if (name === "rate" || name === "count_over_time") {
    reader.expect(")", `), for ${name} takes nothing`);
    return { name };
  }
  const field = expectField(reader);
  if (name !== "quantile_over_time") {
    reader.expect(")", `) of ${name}`);
    return { name, field };
  }
  const quantiles: number[] = [];
  while (reader.skip(",")) quantiles.push(parseQuantile(reader));
  if (quantiles.length === 0) throw reader.unexpected("a comma and a quantile such as 0.99");
  reader.expect(")", "a comma, or ) of quantile_over_time");
  return { name, field, quantiles };
}

function parseQuantile(reader: TokenReader): number {
  const token = reader.peek();
  const value = token.type === "float" || token.type === "int" ? Number(token.value) : Number.NaN;
  if (!(value >= 0 && value <= 1)) throw reader.unexpected("a quantile from 0 to 1");
  reader.take();
  return reader.part(value);
}

function parseBy(reader: TokenReader): readonly TraceqlField[] {
  reader.expect("(", "( after by");
  const fields: TraceqlField[] = [];
  do fields.push(reader.part(expectField(reader)));
  while (reader.skip(","));
  reader.expect(")", "a comma, or ) of by");
  return fields;
}

const MOST_SERIES = 100_000n;

function parseLimit(reader: TokenReader): MetricsStage["limit"] {
  if (!reader.skip("|")) return undefined;
  const order = reader.textAt();
  if (order !== "topk" && order !== "bottomk") throw reader.unexpected("topk(…) or bottomk(…)", ["topk", "bottomk"]);
  reader.take();
  reader.expect("(", `( after ${order}`);
  const token = reader.peek();
  if (token.type !== "int" || token.value < 1n || token.value > MOST_SERIES) {
    throw reader.unexpected(`how many series: a whole number from 1 to ${MOST_SERIES}`);
  }
  reader.take();
  reader.expect(")", `) of ${order}`);
  return { order, count: Number(token.value) };
}
