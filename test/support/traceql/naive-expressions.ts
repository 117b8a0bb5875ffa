import { anyValueText } from "../../../src/model/any-value.ts";
import type { ArithmeticOperator, FieldExpression, TraceqlComparison } from "../../../src/model/traceql.ts";
import type { NaiveSpan } from "../search/naive-search.ts";
import { isNil, type NaiveValue, valuesOf } from "./naive-fields.ts";
import type { NaiveTrace } from "./naive-trace.ts";

/** Whether a condition holds for a span; an attribute alone where it is true. */
export function naiveHolds(trace: NaiveTrace, span: NaiveSpan, expr: FieldExpression): boolean {
  switch (expr.expr) {
    case "field":
      return valuesOf(trace, span, expr.field).some(({ value }) => value === true);
    case "literal":
      return expr.value.type === "bool" && expr.value.value;
    case "and":
      return naiveHolds(trace, span, expr.left) && naiveHolds(trace, span, expr.right);
    case "or":
      return naiveHolds(trace, span, expr.left) || naiveHolds(trace, span, expr.right);
    case "not":
      return !naiveHolds(trace, span, expr.of);
    case "compare":
      return compares(trace, span, expr);
    default:
      return false;
  }
}

/** The one value that an expression has for a span where it is no operand of a comparison; undefined for none. */
export function naiveValue(trace: NaiveTrace, span: NaiveSpan, expr: FieldExpression): NaiveValue | undefined {
  return naiveValues(trace, span, expr)[0];
}

function naiveValues(trace: NaiveTrace, span: NaiveSpan, expr: FieldExpression): NaiveValue[] {
  switch (expr.expr) {
    case "field":
      return valuesOf(trace, span, expr.field);
    case "literal":
      return expr.value.type === "nil" ? [] : [expr.value];
    case "arithmetic": {
      const result = naiveArithmetic(naiveValue(trace, span, expr.left), expr.op, naiveValue(trace, span, expr.right));
      return result === undefined ? [] : [result];
    }
    case "negative": {
      const value = naiveValue(trace, span, expr.of);
      if (value?.type === "int") return [naiveInt(-value.value)];
      if (value?.type === "duration") return [{ type: "duration", value: -value.value }];
      return value?.type === "float" ? [{ type: "float", value: 0 - value.value }] : [];
    }
    default:
      return [{ type: "bool", value: naiveHolds(trace, span, expr) }];
  }
}

function compares(trace: NaiveTrace, span: NaiveSpan, expr: Extract<FieldExpression, { expr: "compare" }>): boolean {
  const { is, left, right } = expr;
  const isLiteralNil = (side: FieldExpression) => side.expr === "literal" && side.value.type === "nil";
  if (isLiteralNil(left) && isLiteralNil(right)) return false;
  if (isLiteralNil(left)) return compares(trace, span, { ...expr, left: right, right: left });
  if (isLiteralNil(right)) {
    const nil = left.expr === "field" ? isNil(trace, span, left.field) : naiveValues(trace, span, left).length === 0;
    return nil === (is === "=");
  }
  const others = naiveValues(trace, span, right);
  return naiveValues(trace, span, left).some((one) => others.some((other) => naiveCompare(one, is, other)));
}

export function naiveCompare(a: NaiveValue, is: TraceqlComparison, b: NaiveValue): boolean {
  const isNumber = ({ type }: NaiveValue) => type === "int" || type === "float" || type === "duration";
  if (a.type === "other" || b.type === "other" || !(a.type === b.type || (isNumber(a) && isNumber(b)))) return false;
  const [x, y] = [a.value, b.value];
  // biome-ignore lint/suspicious/noDoubleEquals: an int and a float are equal by value
  if (is === "=" || is === "!=") return (x == y) === (is === "=");
  if (is === "=~" || is === "!~") {
    return a.type === "string" && new RegExp(`^(?:${y})$`, "u").test(a.value) === (is === "=~");
  }
  if (a.type !== "string" && !isNumber(a)) return false;
  return { ">": x > y, ">=": x >= y, "<": x < y, "<=": x <= y }[is];
}

export function naiveArithmetic(
  a: NaiveValue | undefined,
  op: ArithmeticOperator,
  b: NaiveValue | undefined,
): NaiveValue | undefined {
  if (a?.type === "int" && b?.type === "int") return wholeNumbers(a.value, op, b.value);
  const [x, y] = [a, b].map((one) =>
    one?.type === "int" || one?.type === "float" || one?.type === "duration" ? Number(one.value) : undefined,
  );
  if (x === undefined || y === undefined) return undefined;
  const value = { "+": x + y, "-": x - y, "*": x * y, "/": x / y, "%": x % y, "^": x ** y }[op];
  return { type: "float", value };
}

function wholeNumbers(a: bigint, op: ArithmeticOperator, b: bigint): NaiveValue | undefined {
  switch (op) {
    case "+":
      return naiveInt(a + b);
    case "-":
      return naiveInt(a - b);
    case "*":
      return naiveInt(a * b);
    case "/":
      return b === 0n ? undefined : naiveInt(a / b);
    case "%":
      return b === 0n ? undefined : naiveInt(a % b);
    case "^": {
      const power = Number(a) ** Number(b);
      if (b < 0n || Math.abs(power) > 2 ** 64) return { type: "float", value: power };
      // Of 0, 1 and -1 alone the power is small where the exponent is not.
      return naiveInt(a ** (b > 64n ? 2n + (b % 2n) : b));
    }
  }
}

/** An int where it is one of 64 bits, else a float. */
export function naiveInt(value: bigint): NaiveValue {
  return BigInt.asIntN(64, value) === value ? { type: "int", value } : { type: "float", value: Number(value) };
}

/** What spans are grouped by. */
export function naiveGroupKey(value: NaiveValue | undefined): string {
  if (value === undefined) return "nil";
  return `${value.type} ${value.type === "other" ? `${value.value.type} ${anyValueText(value.value)}` : value.value}`;
}
