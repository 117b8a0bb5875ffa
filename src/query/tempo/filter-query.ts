import type { SpanFilter } from "../../model/trace-query.ts";
import type { TraceqlField } from "../../model/traceql.ts";
import { TraceqlError } from "../../traceql/error.ts";
import { parseTraceql } from "../../traceql/parse.ts";
import { planTraceql } from "../../traceql/plan.ts";
import { badTempo } from "./params.ts";

/** A comparison with a value: what is whole in a query that somebody is still typing. */
const MATCHER = /[\w.:-]+(?:"(?:[^"\\]|\\.)*")?\s*(?:=~|!~|!=|>=|<=|=|>|<)\s*(?:"(?:[^"\\]|\\.)*"|`[^`]*`|[\w.+-]+)/g;
const MAX_TEXT = 16_384;

/**
 * The filter of tags and values that a query names while it is typed: of what is not whole yet only the comparisons
 * that are, and every span where even those say nothing (Tempo's API page, "Filtered tag values").
 */
export function filterOfQuery(text: string | undefined): SpanFilter {
  if (text === undefined || text.length > MAX_TEXT) return { op: "all" };
  const whole = parsed(text);
  if (whole !== undefined) return whole;
  const matchers = text.includes("||") ? null : text.match(MATCHER);
  const usable = (matchers ?? []).filter((matcher) => parsed(`{ ${matcher} }`) !== undefined);
  return (usable.length === 0 ? undefined : parsed(`{ ${usable.join(" && ")} }`)) ?? { op: "all" };
}

function parsed(text: string): SpanFilter | undefined {
  try {
    return planTraceql(parseTraceql(text)).filter;
  } catch (error) {
    if (error instanceof TraceqlError) return undefined;
    throw error;
  }
}

/**
 * A field as TraceQL writes it: `resource.service.name`, `.a`, `status`, `span:kind`.
 * @throws PermanentError `bad_request`
 */
export function parseTagName(text: string): TraceqlField {
  if (text === "") throw badTempo("please provide a non-empty tagName");
  const wrong = (expected: string) => badTempo(`please provide a valid tagName: expected ${expected}`);
  try {
    const [stage, ...others] = parseTraceql(`{ } | select(${text})`).pipeline.stages;
    const [field, ...more] = stage?.stage === "select" ? stage.fields : [];
    if (others.length === 0 && more.length === 0 && field?.expr === "field") return field.field;
  } catch (error) {
    if (!(error instanceof TraceqlError)) throw error;
    throw wrong(error.expected);
  }
  throw wrong("an attribute such as span.key or .key, or an intrinsic such as name");
}
