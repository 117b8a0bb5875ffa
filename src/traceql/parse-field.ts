import { textPatternFault } from "../model/text/text-pattern.ts";
import type { ArithmeticOperator, FieldExpression, TraceqlComparison, TraceqlLiteral } from "../model/traceql.ts";
import { ARITHMETIC, BINDING, PREFIX_OPERAND } from "./binding.ts";
import type { QueryToken } from "./lex.ts";
import { ID_DIGITS, KIND_WORDS, STATUS_WORDS } from "./names.ts";
import { parseOperandValue } from "./parse-operand.ts";
import type { TokenReader } from "./token-reader.ts";
import {
  comparable,
  isNumeric,
  type StaticType,
  type TypedExpression,
  typeName,
  typeOf,
  wrongOperator,
} from "./typed.ts";

/**
 * A whole field expression of any type.
 * @throws TraceqlError
 */
export function parseFieldExpression(reader: TokenReader): TypedExpression {
  return binary(reader, 1, []);
}

/** @throws TraceqlError where it is no condition */
export function parseCondition(reader: TokenReader): FieldExpression {
  const typed = parseFieldExpression(reader);
  requireCondition(reader, typed);
  return typed.expr;
}

function binary(reader: TokenReader, least: number, names: readonly string[]): TypedExpression {
  let left = prefix(reader, names);
  for (;;) {
    const token = reader.peek();
    const operator = token.type === "operator" ? token.text : "";
    const binding = BINDING[operator];
    if (binding === undefined || binding < least) return left;
    reader.take();
    const right =
      operator === "^"
        ? reader.nested(() => binary(reader, binding, []))
        : binary(reader, binding + 1, namesFor(left.type));
    left = reader.part(combine(reader, left, operator, token, right));
  }
}

function prefix(reader: TokenReader, names: readonly string[]): TypedExpression {
  const token = reader.peek();
  switch (reader.textAt()) {
    case "(": {
      reader.take();
      const inner = reader.nested(() => binary(reader, 1, []));
      reader.expect(")", "an operator or )");
      return inner;
    }
    case "!": {
      reader.take();
      const operand = reader.nested(() => binary(reader, PREFIX_OPERAND, []));
      requireCondition(reader, operand);
      return reader.part({ expr: { expr: "not", of: operand.expr }, type: "bool", token, usesSpan: operand.usesSpan });
    }
    case "-":
      if (!isSignedNumber(reader)) return negative(reader, token);
  }
  const expr = reader.part(parseOperandValue(reader, names));
  return { expr, type: typeOf(expr), token, usesSpan: expr.expr === "field" };
}

/** A number whose sign is its own: in `-2 ^ 2` what is negative is the power. */
function isSignedNumber(reader: TokenReader): boolean {
  const { type } = reader.peek(1);
  const binding = BINDING[reader.textAt(2) ?? ""] ?? 0;
  return (type === "int" || type === "float" || type === "duration") && binding < PREFIX_OPERAND;
}

function negative(reader: TokenReader, token: QueryToken): TypedExpression {
  reader.take();
  const operand = reader.nested(() => binary(reader, PREFIX_OPERAND, []));
  requireNumber(reader, operand, "-");
  const type = operand.type === "attribute" ? "number" : operand.type;
  return reader.part({ expr: { expr: "negative", of: operand.expr }, type, token, usesSpan: operand.usesSpan });
}

function combine(
  reader: TokenReader,
  left: TypedExpression,
  operator: string,
  token: QueryToken,
  right: TypedExpression,
): TypedExpression {
  const of = { token: left.token, usesSpan: left.usesSpan || right.usesSpan };
  if (operator === "&&" || operator === "||") {
    requireCondition(reader, left);
    requireCondition(reader, right);
    const op = operator === "&&" ? "and" : "or";
    return { expr: { expr: op, left: left.expr, right: right.expr }, type: "bool", ...of };
  }
  if (ARITHMETIC.has(operator)) {
    requireNumber(reader, left, operator);
    requireNumber(reader, right, operator);
    const op = operator as ArithmeticOperator;
    return { expr: { expr: "arithmetic", op, left: left.expr, right: right.expr }, type: "number", ...of };
  }
  const is = operator as TraceqlComparison;
  checkComparison(reader, left, is, token, right);
  return { expr: withIds({ expr: "compare", is, left: left.expr, right: right.expr }), type: "bool", ...of };
}

function checkComparison(
  reader: TokenReader,
  left: TypedExpression,
  is: TraceqlComparison,
  token: QueryToken,
  right: TypedExpression,
): void {
  for (const side of [left, right]) {
    const possible = wrongOperator(side.type, is);
    if (possible === undefined) continue;
    throw reader.fault({ expected: `${possible}, which ${typeName(side.type)} is compared by`, token, kind: "type" });
  }
  if (!comparable(left.type, right.type)) {
    const expected = `${typeName(left.type)} to compare with`;
    throw reader.fault({ expected: `${expected}, not ${typeName(right.type)}`, token: right.token, kind: "type" });
  }
  if (is !== "=~" && is !== "!~") return;
  if (right.expr.expr !== "literal" || right.expr.value.type !== "string") {
    throw reader.fault({ expected: "a regular expression in quotes", token: right.token, kind: "type" });
  }
  const fault = textPatternFault(right.expr.value.value);
  if (fault === undefined) return;
  throw reader.fault({ expected: `a regular expression that can be used: ${fault}`, token: right.token, kind: "type" });
}

function requireCondition(reader: TokenReader, { type, token, expr }: TypedExpression): void {
  const isAttribute = type === "attribute" && expr.expr === "field";
  if (type === "bool" || isAttribute) return;
  throw reader.fault({
    found: `${reader.since(token)}, ${typeName(type)}`,
    expected: "a condition: a comparison, true, false or an attribute alone",
    token,
    kind: "type",
  });
}

function requireNumber(reader: TokenReader, { type, token }: TypedExpression, operator: string): void {
  if (type === "attribute" || isNumeric(type)) return;
  throw reader.fault({ expected: `a number beside "${operator}", not ${typeName(type)}`, token, kind: "type" });
}

function namesFor(type: StaticType): readonly string[] {
  if (type === "status") return STATUS_WORDS;
  return type === "kind" ? KIND_WORDS : [];
}

/** Ids are compared as they are stored: lower case, with all digits. */
function withIds(expr: Extract<FieldExpression, { expr: "compare" }>): FieldExpression {
  if (expr.is !== "=" && expr.is !== "!=") return expr;
  return { ...expr, left: storedId(expr.left, expr.right), right: storedId(expr.right, expr.left) };
}

function storedId(side: FieldExpression, other: FieldExpression): FieldExpression {
  if (side.expr !== "literal" || side.value.type !== "string" || other.expr !== "field") return side;
  const digits = "intrinsic" in other.field ? ID_DIGITS[other.field.intrinsic] : undefined;
  const { value } = side.value;
  if (digits === undefined || !/^[0-9a-fA-F]+$/.test(value)) return side;
  const stored: TraceqlLiteral = { type: "string", value: value.toLowerCase().padStart(digits, "0") };
  return { expr: "literal", value: stored };
}
