import type { TraceKeyStart } from "../../model/ids.ts";
import type { SpanFilter } from "../../model/trace-query.ts";
import type { FieldExpression, SpansetPipeline } from "../../model/traceql.ts";

type Compare = Extract<SpanFilter, { op: "compare" }>;
type CompareExpression = Extract<FieldExpression, { expr: "compare" }>;

const ID = /^[0-9a-f]{32}$/;
const CUT = /^0{16}/;

/**
 * The same question where an id of 64 bits and one of 128 whose lower half it is name one trace: of trace ids and of
 * those of links, by `=` and `!=`. An id of 128 bits is looked for as itself and as its lower half, which blooms know;
 * of one of 64 bits nobody knows what it was cut from, and every block is read.
 */
export function withLenientIds<Query extends SpanFilter | SpansetPipeline>(query: Query, from: TraceKeyStart): Query {
  return from === 0 ? query : (rewritten(query) as Query);
}

/** All objects below, however they are nested: a filter and a pipeline hold comparisons in many places. */
function rewritten(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewritten);
  if (typeof value !== "object" || value === null) return value;
  const node = value as { readonly op?: unknown; readonly expr?: unknown };
  if (node.op === "compare") return ofFilter(value as Compare);
  if (node.expr === "compare") return ofExpression(value as CompareExpression);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, rewritten(part)]));
}

function ofFilter(compare: Compare): SpanFilter {
  const { field, is, value } = compare;
  const isId = "intrinsic" in field && (field.intrinsic === "linkTraceId" || field.intrinsic === "traceId");
  if (!isId || (is !== "=" && is !== "!=") || typeof value.value !== "string" || !ID.test(value.value)) return compare;
  const id = value.value;
  if (is === "=" && !CUT.test(id)) {
    return { op: "or", of: [compare, { ...compare, value: { type: "text", value: cut(id) } }] };
  }
  return { ...compare, is: is === "=" ? "=~" : "!~", value: { type: "text", value: patternOf(id) } };
}

function ofExpression(compare: CompareExpression): FieldExpression {
  const { left, is, right } = compare;
  const [field, literal] = left.expr === "field" ? [left, right] : [right, left];
  const isId =
    field.expr === "field" &&
    "intrinsic" in field.field &&
    (field.field.intrinsic === "link:traceID" || field.field.intrinsic === "trace:id");
  if (!isId || (is !== "=" && is !== "!=") || literal.expr !== "literal" || literal.value.type !== "string") {
    return { ...compare, left: rewritten(left) as FieldExpression, right: rewritten(right) as FieldExpression };
  }
  const id = literal.value.value;
  if (!ID.test(id)) return compare;
  const pattern = { expr: "literal", value: { type: "string", value: patternOf(id) } } as const;
  return { expr: "compare", is: is === "=" ? "=~" : "!~", left: field, right: pattern };
}

/** Of all ids that name the trace. */
function patternOf(id: string): string {
  return CUT.test(id) ? `[0-9a-f]{16}${id.slice(16)}` : `(${id}|${cut(id)})`;
}

function cut(id: string): string {
  return id.slice(16).padStart(32, "0");
}
