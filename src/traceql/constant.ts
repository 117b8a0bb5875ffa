import type { ArithmeticOperator, FieldExpression, TraceqlLiteral } from "../model/traceql.ts";

/** A number that an expression always is; a duration is one of ns. */
type NumberLiteral = Extract<TraceqlLiteral, { type: "int" | "float" | "duration" }>;

/** The value of an expression without fields; undefined where there is none, or not before a span is read. */
export function constantOf(expr: FieldExpression): TraceqlLiteral | undefined {
  switch (expr.expr) {
    case "literal":
      return expr.value;
    case "negative": {
      const value = numberOf(expr.of);
      if (value === undefined) return undefined;
      return value.type === "int" ? narrowed(-value.value) : ({ ...value, value: -value.value } as NumberLiteral);
    }
    case "arithmetic": {
      const left = numberOf(expr.left);
      const right = numberOf(expr.right);
      return left === undefined || right === undefined ? undefined : calculated(left, expr.op, right);
    }
    default:
      return undefined;
  }
}

function numberOf(expr: FieldExpression): NumberLiteral | undefined {
  const value = constantOf(expr);
  return value?.type === "int" || value?.type === "float" || value?.type === "duration" ? value : undefined;
}

/** Two ints make an int, as far as 64 bits go; powers are left to the evaluation. */
function calculated(left: NumberLiteral, op: ArithmeticOperator, right: NumberLiteral): NumberLiteral | undefined {
  if (op === "^") return undefined;
  if (left.type === "int" && right.type === "int") {
    if (right.value === 0n && (op === "/" || op === "%")) return undefined;
    const [a, b] = [left.value, right.value];
    return narrowed(op === "+" ? a + b : op === "-" ? a - b : op === "*" ? a * b : op === "/" ? a / b : a % b);
  }
  const [a, b] = [Number(left.value), Number(right.value)];
  const value = op === "+" ? a + b : op === "-" ? a - b : op === "*" ? a * b : op === "/" ? a / b : a % b;
  return Number.isFinite(value) ? { type: "float", value } : undefined;
}

function narrowed(value: bigint): NumberLiteral {
  return BigInt.asIntN(64, value) === value ? { type: "int", value } : { type: "float", value: Number(value) };
}
