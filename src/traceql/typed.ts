import type { FieldExpression, TraceqlComparison, TraceqlLiteral } from "../model/traceql.ts";
import type { QueryToken } from "./lex.ts";
import { INTRINSIC_TYPES } from "./names.ts";

/** What an expression is known to be before any span is read; `attribute`: whatever the span has there. */
export type StaticType = "attribute" | "number" | "bool" | TraceqlLiteral["type"];

/** An expression while it is read. */
export interface TypedExpression {
  readonly expr: FieldExpression;
  readonly type: StaticType;
  /** Its first token. */
  readonly token: QueryToken;
  /** Whether it names a field of the span. */
  readonly usesSpan: boolean;
}

export function isNumeric(type: StaticType): boolean {
  return type === "number" || type === "int" || type === "float" || type === "duration";
}

/** As an error names a type. */
export function typeName(type: StaticType): string {
  switch (type) {
    case "attribute":
      return "an attribute";
    case "int":
    case "float":
    case "number":
      return "a number";
    case "bool":
      return "a condition";
    case "nil":
      return "nil";
    default:
      return `a ${type}`;
  }
}

export function typeOf(expr: Extract<FieldExpression, { expr: "field" | "literal" }>): StaticType {
  if (expr.expr === "literal") return expr.value.type;
  return "intrinsic" in expr.field ? INTRINSIC_TYPES[expr.field.intrinsic] : "attribute";
}

/** What values of this type can be compared with by `is`: undefined where they can, else the operators that can. */
export function wrongOperator(type: StaticType, is: TraceqlComparison): string | undefined {
  const isRegex = is === "=~" || is === "!~";
  if (type === "attribute" || is === "=" || is === "!=") return undefined;
  if (type === "string") return undefined;
  if (isNumeric(type)) return isRegex ? "=, !=, >, >=, < or <=" : undefined;
  return "= or !=";
}

export function comparable(a: StaticType, b: StaticType): boolean {
  if (a === "attribute" || b === "attribute" || a === "nil" || b === "nil") return true;
  return a === b || (isNumeric(a) && isNumeric(b));
}
