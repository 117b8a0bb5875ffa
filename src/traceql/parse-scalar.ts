import type { ArithmeticOperator, ScalarExpression, SpansetStage, TraceqlComparison } from "../model/traceql.ts";
import { ARITHMETIC, BINDING, COMPARISONS } from "./binding.ts";
import type { QueryToken } from "./lex.ts";
import { AGGREGATE_WORDS, PIPELINE_WORDS } from "./names.ts";
import { parseFieldExpression } from "./parse-field.ts";
import { parseLiteral } from "./parse-operand.ts";
import type { TokenReader } from "./token-reader.ts";
import { isNumeric, typeName } from "./typed.ts";

/**
 * `count() > 2`, `avg(duration) > 1s`.
 * @throws TraceqlError
 */
export function parseScalarFilter(reader: TokenReader): Extract<SpansetStage, { stage: "scalar" }> {
  const token = reader.peek();
  const left = binary(reader, 1);
  const is = reader.textAt();
  if (is === undefined || !COMPARISONS.has(is) || is === "=~" || is === "!~") {
    throw reader.unexpected("a comparison of the aggregate: =, !=, >, >=, < or <=");
  }
  reader.take();
  const right = binary(reader, 1);
  if (!hasAggregate(left) && !hasAggregate(right)) {
    throw reader.fault({
      found: reader.since(token),
      expected: "an aggregate on one side: count(), avg(…), min(…), max(…) or sum(…)",
      token,
      kind: "type",
    });
  }
  return reader.part({ stage: "scalar", left, is: is as TraceqlComparison, right });
}

function binary(reader: TokenReader, least: number): ScalarExpression {
  let left = operand(reader);
  for (;;) {
    const token = reader.peek();
    const operator = token.type === "operator" ? token.text : "";
    const binding = ARITHMETIC.has(operator) ? BINDING[operator] : undefined;
    if (binding === undefined || binding < least) return left;
    reader.take();
    const right = operator === "^" ? reader.nested(() => binary(reader, binding)) : binary(reader, binding + 1);
    left = reader.part({ scalar: "arithmetic", op: operator as ArithmeticOperator, left, right });
  }
}

function operand(reader: TokenReader): ScalarExpression {
  if (reader.skip("(")) {
    const inner = reader.nested(() => binary(reader, 1));
    reader.expect(")", "an operator or )");
    return inner;
  }
  const token = reader.peek();
  const name = AGGREGATE_WORDS.find((one) => one === reader.textAt());
  if (name !== undefined) return aggregate(reader, name);
  const value = parseLiteral(reader);
  if (value !== undefined) {
    if (isNumeric(value.type)) return reader.part({ scalar: "literal", value });
    throw reader.fault({ expected: `a number or a duration, not ${typeName(value.type)}`, token });
  }
  throw reader.unexpected("count(), avg(…), min(…), max(…), sum(…), a number or a duration", PIPELINE_WORDS);
}

function aggregate(reader: TokenReader, name: (typeof AGGREGATE_WORDS)[number]): ScalarExpression {
  reader.take();
  reader.expect("(", `( after ${name}`);
  if (name === "count") {
    reader.expect(")", "), for count takes nothing");
    return reader.part({ scalar: "aggregate", of: "count" });
  }
  const token: QueryToken = reader.peek();
  const { expr: field, type, usesSpan } = reader.nested(() => parseFieldExpression(reader));
  if (type !== "attribute" && !isNumeric(type)) {
    const expected = `a number to take ${name} of, not ${typeName(type)}`;
    throw reader.fault({ found: reader.since(token), expected, token, kind: "type" });
  }
  if (!usesSpan)
    throw reader.fault({ found: reader.since(token), expected: "a field of the span", token, kind: "type" });
  reader.expect(")", `an operator, or ) of ${name}`);
  return reader.part({ scalar: "aggregate", of: name, field });
}

function hasAggregate(scalar: ScalarExpression): boolean {
  if (scalar.scalar === "arithmetic") return hasAggregate(scalar.left) || hasAggregate(scalar.right);
  return scalar.scalar === "aggregate";
}
