import type { FieldExpression, ScalarExpression, TraceqlField, TraceqlLiteral } from "../model/traceql.ts";
import { BINDING, PREFIX_BINDING, PREFIX_OPERAND } from "./binding.ts";
import { durationText, MAX_INT } from "./literals.ts";
import { FIELD_SCOPES, INTRINSIC_TYPES, KIND_WORDS, SHORT_INTRINSICS, STATUS_WORDS, shortName } from "./names.ts";

/** `within`: how close the operator binds that it is an operand of; more than its own puts it in parentheses. */
export function printFieldExpression(expr: FieldExpression, within: number): string {
  switch (expr.expr) {
    case "field":
      return printField(expr.field);
    case "literal":
      return wrap(printLiteral(expr.value), isNegative(expr.value) ? PREFIX_BINDING : 9, within);
    case "not":
    case "negative": {
      // A number right behind a minus would take it as its sign.
      const isNumber = expr.expr === "negative" && expr.of.expr === "literal";
      const operand = printFieldExpression(expr.of, isNumber ? 10 : PREFIX_OPERAND);
      return wrap(
        `${expr.expr === "not" ? "!" : "-"}${isNumber ? `(${printFieldExpression(expr.of, 0)})` : operand}`,
        PREFIX_BINDING,
        within,
      );
    }
    case "and":
      return printBinary(expr, "&&", within);
    case "or":
      return printBinary(expr, "||", within);
    case "compare":
      return printBinary(expr, expr.is, within);
    case "arithmetic":
      return printBinary(expr, expr.op, within);
  }
}

function printBinary(
  { left, right }: { readonly left: FieldExpression; readonly right: FieldExpression },
  operator: string,
  within: number,
): string {
  const binding = BINDING[operator] as number;
  const [ofLeft, ofRight] = sides(operator, binding);
  return wrap(
    `${printFieldExpression(left, ofLeft)} ${operator} ${printFieldExpression(right, ofRight)}`,
    binding,
    within,
  );
}

export function printScalar(scalar: ScalarExpression, within: number): string {
  switch (scalar.scalar) {
    case "literal":
      return printLiteral(scalar.value);
    case "aggregate":
      return scalar.of === "count" ? "count()" : `${scalar.of}(${printFieldExpression(scalar.field, 0)})`;
    case "arithmetic": {
      const binding = BINDING[scalar.op] as number;
      const [ofLeft, ofRight] = sides(scalar.op, binding);
      return wrap(
        `${printScalar(scalar.left, ofLeft)} ${scalar.op} ${printScalar(scalar.right, ofRight)}`,
        binding,
        within,
      );
    }
  }
}

/** `^` binds to the right, all others to the left. */
function sides(operator: string, binding: number): readonly [number, number] {
  return operator === "^" ? [binding + 1, binding] : [binding, binding + 1];
}

function wrap(text: string, binding: number, within: number): string {
  return binding < within ? `(${text})` : text;
}

function isNegative(value: TraceqlLiteral): boolean {
  return (
    "value" in value &&
    (typeof value.value === "bigint" || typeof value.value === "number") &&
    printLiteral(value).startsWith("-")
  );
}

/** A name that needs no quotes. */
const PLAIN_KEY = /^[A-Za-z_][\w.-]*$/;

export function printField(field: TraceqlField): string {
  if ("intrinsic" in field) {
    const name = shortName(field.intrinsic) ?? field.intrinsic;
    return field.parent ? `parent.${name}` : name;
  }
  const { scope, key, parent } = field;
  const isTaken = parent === true && scope === "any" && meansMore(key);
  const name = PLAIN_KEY.test(key) && !isTaken ? key : `"${key.replace(/["\\]/g, "\\$&")}"`;
  return `${parent ? "parent." : ""}${scope === "any" ? (parent ? "" : ".") : `${scope}.`}${name}`;
}

/** After `parent.` an intrinsic or another scope, where it has no quotes. */
function meansMore(key: string): boolean {
  return (
    SHORT_INTRINSICS.has(key) ||
    Object.hasOwn(INTRINSIC_TYPES, key) ||
    FIELD_SCOPES.some((scope) => key.startsWith(`${scope}.`))
  );
}

export function printLiteral(literal: TraceqlLiteral): string {
  switch (literal.type) {
    case "string":
      return printString(literal.value);
    case "int":
      return literal.value === -MAX_INT - 1n ? "minInt" : literal.value.toString();
    case "float":
      return printFloat(literal.value);
    case "duration":
      return durationText(literal.value);
    case "bool":
      return String(literal.value);
    case "status":
      return STATUS_WORDS[literal.value];
    case "kind":
      return KIND_WORDS[literal.value];
    case "nil":
      return "nil";
  }
}

/** JSON's escapes are Go's, but for halves of surrogate pairs, which stand as they are. */
function printString(value: string): string {
  return JSON.stringify(value).replace(/\\\\|\\u(d[89a-f][0-9a-f]{2})/g, (all, half?: string) =>
    half === undefined ? all : String.fromCharCode(Number.parseInt(half, 16)),
  );
}

/** Always with what makes it no whole number. */
function printFloat(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
