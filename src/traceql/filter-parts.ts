import type { SpanFilter } from "../model/trace-query.ts";

export const EVERY_SPAN: SpanFilter = { op: "all" };
export const NO_SPAN: SpanFilter = { op: "not", of: EVERY_SPAN };

export function allOf(parts: readonly SpanFilter[]): SpanFilter {
  const of = parts.flatMap((part) => (part.op === "and" ? part.of : part.op === "all" ? [] : [part]));
  if (of.length === 0) return EVERY_SPAN;
  return of.length === 1 ? (of[0] as SpanFilter) : { op: "and", of };
}

export function anyOf(parts: readonly SpanFilter[]): SpanFilter {
  if (parts.some((part) => part.op === "all")) return EVERY_SPAN;
  const of = parts.flatMap((part) => (part.op === "or" ? part.of : [part]));
  return of.length === 1 ? (of[0] as SpanFilter) : { op: "or", of };
}
