import { DEFAULT_SERVICE } from "../model/span.ts";
import { wholeTextPattern } from "../model/text/text-pattern.ts";
import type { Comparison, Literal, SpanField, SpanFilter } from "../model/trace-query.ts";
import type { FieldExpression, TraceqlComparison, TraceqlField, TraceqlLiteral } from "../model/traceql.ts";
import { constantOf } from "./constant.ts";
import { allOf, anyOf, NO_SPAN } from "./filter-parts.ts";

const FLIPPED: Readonly<Partial<Record<TraceqlComparison, TraceqlComparison>>> = {
  ">": "<",
  ">=": "<=",
  "<": ">",
  "<=": ">=",
};

/** The filter that means exactly what a comparison does; undefined where there is none. */
export function comparisonFilter({
  is,
  left,
  right,
}: Extract<FieldExpression, { expr: "compare" }>): SpanFilter | undefined {
  if (left.expr === "field") {
    const value = constantOf(right);
    return value === undefined ? undefined : fieldFilter(left.field, is, value);
  }
  if (right.expr !== "field" || is === "=~" || is === "!~") return undefined;
  const value = constantOf(left);
  return value === undefined ? undefined : fieldFilter(right.field, FLIPPED[is] ?? is, value);
}

/** As `comparisonFilter`, of a field with a value. */
export function fieldFilter(field: TraceqlField, is: TraceqlComparison, value: TraceqlLiteral): SpanFilter | undefined {
  if (field.parent === true) return undefined;
  if (!("intrinsic" in field)) {
    const test = (scope: typeof field.scope) => attributeFilter(scope, field.key, is, value);
    if (field.scope !== "any") return test(field.scope);
    // The span's own attribute hides the resource's.
    if (value.type === "nil") {
      const both = [test("span"), test("resource")];
      return is === "=" ? allOf(both) : anyOf(both);
    }
    const isHidden: SpanFilter = { op: "exists", field: { scope: "span", key: field.key } };
    return anyOf([test("span"), allOf([{ op: "not", of: isHidden }, test("resource")])]);
  }
  switch (field.intrinsic) {
    case "span:name":
      return compareOrAsk({ intrinsic: "name" }, is, value);
    case "span:kind":
      return compareOrAsk({ intrinsic: "kind" }, is, value);
    case "span:status":
      return compareOrAsk({ intrinsic: "status" }, is, value);
    case "span:duration":
      return compareOrAsk({ intrinsic: "duration" }, is, value);
    case "span:statusMessage":
      return compareOrAsk({ intrinsic: "statusMessage" }, is, value);
    case "event:name":
      return compareOrAsk({ intrinsic: "eventName" }, is, value);
    case "link:traceID":
      return compareOrAsk({ intrinsic: "linkTraceId" }, is, value);
    case "link:spanID":
      return compareOrAsk({ intrinsic: "linkSpanId" }, is, value);
    case "event:timeSinceStart":
      return compareOrAsk({ intrinsic: "eventTimeSinceStart" }, is, value);
    case "span:id":
      return compareOrAsk({ intrinsic: "spanId" }, is, value);
    case "instrumentation:name":
      return attributeFilter("instrumentation", "otel.scope.name", is, value);
    case "instrumentation:version":
      return attributeFilter("instrumentation", "otel.scope.version", is, value);
    case "span:parentID":
      return value.type === "nil" ? isRoot(is === "=") : undefined;
    case "nestedSetParent":
      return rootByParent(is, value);
    default:
      return undefined;
  }
}

function attributeFilter(
  scope: Extract<SpanField, { scope: string }>["scope"],
  key: string,
  is: TraceqlComparison,
  value: TraceqlLiteral,
): SpanFilter {
  const isService = scope === "resource" && key === "service.name";
  if (isService && namesService(is, value)) return compareOrAsk({ intrinsic: "service" }, is, value);
  return compareOrAsk({ scope, key }, is, value);
}

/** Whether only a service that a resource names itself can satisfy it: those are in a column. */
function namesService(is: TraceqlComparison, value: TraceqlLiteral): boolean {
  if (value.type !== "string") return false;
  if (is === "=") return value.value !== "" && value.value !== DEFAULT_SERVICE;
  if (is !== "=~") return false;
  const pattern = wholeTextPattern(value.value);
  return !pattern.test("") && !pattern.test(DEFAULT_SERVICE);
}

function compareOrAsk(field: SpanField, is: Comparison, value: TraceqlLiteral): SpanFilter {
  if (value.type === "nil") {
    const exists: SpanFilter = { op: "exists", field };
    return is === "!=" ? exists : { op: "not", of: exists };
  }
  const literal = literalOf(field, value);
  return literal === undefined ? NO_SPAN : { op: "compare", field, is, value: literal };
}

/** Undefined where no value of the field is of that type. */
function literalOf(field: SpanField, value: Exclude<TraceqlLiteral, { type: "nil" }>): Literal | undefined {
  switch (value.type) {
    case "duration":
      return { type: "int", value: value.value };
    case "float":
      return { type: "double", value: value.value };
    case "status":
    case "kind":
      return "intrinsic" in field && field.intrinsic === value.type ? value : undefined;
    default:
      return value;
  }
}

/** The parent's number is -1 of a root and at least 0 of all others: where that is enough to decide. */
function rootByParent(is: TraceqlComparison, value: TraceqlLiteral): SpanFilter | undefined {
  if (value.type === "nil") return is === "=" ? NO_SPAN : { op: "not", of: NO_SPAN };
  const number = value.type === "int" || value.type === "float" ? Number(value.value) : undefined;
  if (number === 0 && (is === "<" || is === ">=")) return isRoot(is === "<");
  if (number !== -1) return undefined;
  if (is === "=" || is === "<=") return isRoot(true);
  return is === "!=" || is === ">" ? isRoot(false) : undefined;
}

function isRoot(value: boolean): SpanFilter {
  return { op: "compare", field: { intrinsic: "root" }, is: "=", value: { type: "bool", value } };
}
