import type { FieldValue } from "../model/trace-query.ts";
import type { TraceqlField, TraceqlLiteral } from "../model/traceql.ts";
import { TraceqlError } from "../traceql/error.ts";
import { parseTraceql } from "../traceql/parse.ts";
import { badParam, type QueryParams, textParam } from "./params.ts";

/** A field as TraceQL writes it: `span.http.method`, `.a`, `name`. @throws PermanentError `bad_request` */
export function fieldParam(params: QueryParams, name: string): TraceqlField {
  const text = textParam(params, name) ?? "";
  const field = fieldOf(text);
  if (field !== undefined) return field;
  throw badParam(name, text, "an attribute such as span.http.method or .http.method, or an intrinsic such as name");
}

function fieldOf(text: string): TraceqlField | undefined {
  try {
    const stages = parseTraceql(`{ } | select(${text})`).pipeline.stages;
    const [stage] = stages;
    const fields = stage?.stage === "select" && stages.length === 1 ? stage.fields : [];
    return fields.length === 1 && fields[0]?.expr === "field" ? fields[0].field : undefined;
  } catch (error) {
    if (error instanceof TraceqlError) return undefined;
    throw error;
  }
}

/** What a query is to compare with to find a value; undefined for what compares with nothing. */
export function comparedWith(value: FieldValue): TraceqlLiteral | undefined {
  switch (value.type) {
    case "string":
    case "int":
    case "bool":
    case "status":
    case "kind":
      return value;
    case "double":
      return Number.isFinite(value.value) ? { type: "float", value: value.value } : undefined;
    default:
      return undefined;
  }
}
