import type { ArithmeticOperator } from "../../model/traceql.ts";
import { isNumber, type SpanValue } from "../spans/span-value.ts";

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * One operation on two values. Integers give an integer, exact, and division drops the fraction; what is beyond int64
 * becomes a float. Nil where one of the two is no number, and for integers divided by 0.
 */
export function calculate(op: ArithmeticOperator, left: SpanValue, right: SpanValue): SpanValue {
  if (!isNumber(left) || !isNumber(right)) return undefined;
  if (typeof left === "bigint" && typeof right === "bigint") return ofIntegers(op, left, right);
  return ofFloats(op, Number(left), Number(right));
}

function ofIntegers(op: ArithmeticOperator, left: bigint, right: bigint): SpanValue {
  switch (op) {
    case "+":
      return integer(left + right);
    case "-":
      return integer(left - right);
    case "*":
      return integer(left * right);
    case "/":
      return right === 0n ? undefined : integer(left / right);
    case "%":
      return right === 0n ? undefined : integer(left % right);
    case "^": {
      const near = Number(left) ** Number(right);
      // The exact result of more could be as large as memory.
      return right < 0n || !(Math.abs(near) < 2 ** 64) ? near : power(left, right, near);
    }
  }
}

/** `near` is the result as a float, below 2^64. */
function power(base: bigint, exponent: bigint, near: number): number | bigint {
  // Only of 0, 1 and -1 the result is small where the exponent is not: then no more than its parity counts.
  const exact = base ** (exponent > 64n ? 64n + (exponent % 2n) : exponent);
  return exact < INT64_MIN || exact > INT64_MAX ? near : exact;
}

/** The integer, or the float next to it. */
export function integer(value: bigint): number | bigint {
  return value < INT64_MIN || value > INT64_MAX ? Number(value) : value;
}

function ofFloats(op: ArithmeticOperator, left: number, right: number): number {
  switch (op) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    case "^":
      return left ** right;
  }
}
