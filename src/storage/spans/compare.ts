import { PermanentError } from "../../component/errors.ts";
import { type AnyValue, anyValueText } from "../../model/any-value.ts";
import type { Comparison, Literal } from "../../model/trace-query.ts";
import { compilePattern } from "./pattern.ts";

export type TextTest = (text: string) => boolean;
export type ValueTest = (value: AnyValue) => boolean;

/**
 * Whether a text field (service, name, …) satisfies a comparison. Order is by UTF-16 units. Literals that are neither
 * `text` nor `string` never compare with text, so the test is always false.
 */
export function textTest(is: Comparison, literal: Literal): TextTest {
  if (literal.type !== "text" && literal.type !== "string") return never;
  const wanted = literal.value;
  switch (is) {
    case "=~":
      return compilePattern(wanted);
    case "!~": {
      const matches = compilePattern(wanted);
      return (text) => !matches(text);
    }
    default: {
      const holds = orderTest(is);
      return (text) => holds(text < wanted ? -1 : text === wanted ? 0 : 1);
    }
  }
}

/** Whether a number (ns, or an attribute) satisfies a comparison. Bigints and floats are compared exactly. */
export function numberTest(is: Comparison, wanted: bigint | number): (value: bigint | number) => boolean {
  if (is === "=~" || is === "!~") return never;
  const holds = orderTest(is);
  return (value) => {
    // biome-ignore lint/suspicious/noDoubleEquals: 5n == 5 is the exact comparison wanted here
    if (value == wanted) return holds(0);
    if (value < wanted) return holds(-1);
    if (value > wanted) return holds(1);
    return is === "!=";
  };
}

/**
 * Whether an attribute value satisfies a comparison with a typed literal (see `Literal`): `text` takes any value by its
 * text, `string` and `bool` only values of their type, `int` and `double` both kinds of number. Everything else is
 * false, also for `!=` and `!~`: a value of another type is not "different", it does not compare.
 */
export function valueTest(is: Comparison, literal: Literal): ValueTest {
  switch (literal.type) {
    case "text": {
      const test = textTest(is, literal);
      return (value) => test(anyValueText(value));
    }
    case "string": {
      const test = textTest(is, literal);
      return (value) => value.type === "string" && test(value.value);
    }
    case "int":
    case "double": {
      const test = numberTest(is, literal.value);
      return (value) => (value.type === "int" || value.type === "double") && test(value.value);
    }
    case "bool":
      if (is === "=") return (value) => value.type === "bool" && value.value === literal.value;
      if (is === "!=") return (value) => value.type === "bool" && value.value !== literal.value;
      return never;
    default:
      return never;
  }
}

/** Whether two values compare so: numbers with numbers, texts with texts; truths only by `=` and `!=`. */
export function pairTest(is: Exclude<Comparison, "=~" | "!~">): (left: AnyValue, right: AnyValue) => boolean {
  const holds = orderTest(is);
  return (left, right) => {
    switch (right.type) {
      case "int":
      case "double":
        return (left.type === "int" || left.type === "double") && numberTest(is, right.value)(left.value);
      case "string":
        if (left.type !== "string") return false;
        return holds(left.value < right.value ? -1 : left.value === right.value ? 0 : 1);
      case "bool":
        return left.type === "bool" && (is === "=" || is === "!=") && holds(left.value === right.value ? 0 : 1);
      default:
        return false;
    }
  };
}

function orderTest(is: Comparison): (order: -1 | 0 | 1) => boolean {
  switch (is) {
    case "=":
      return (order) => order === 0;
    case "!=":
      return (order) => order !== 0;
    case ">":
      return (order) => order > 0;
    case ">=":
      return (order) => order >= 0;
    case "<":
      return (order) => order < 0;
    case "<=":
      return (order) => order <= 0;
    default:
      throw new PermanentError("bad_request", `comparison ${JSON.stringify(is)} does not order values`);
  }
}

export function never(): boolean {
  return false;
}
