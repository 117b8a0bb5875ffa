import type { FieldValue } from "../model/trace-query.ts";
import type { TraceqlField, TraceqlLiteral } from "../model/traceql.ts";
import { TraceqlError } from "../traceql/error.ts";
import { parseTraceql } from "../traceql/parse.ts";
import { selectedFields } from "../traceql/selected-fields.ts";
import { badParam, type QueryParams, textParam } from "./params.ts";

/** A field as TraceQL writes it: `span.http.method`, `.a`, `name`. @throws PermanentError `bad_request` */
export function fieldParam(params: QueryParams, name: string): TraceqlField {
  const text = textParam(params, name) ?? "";
  const fields = fieldsIn(text);
  if (fields?.length === 1) return fields[0] as TraceqlField;
  throw badParam(name, text, "an attribute such as span.http.method or .http.method, or an intrinsic such as name");
}

/** Fields as `select(…)` takes them, each once; undefined where they are none. */
export function fieldsIn(text: string): readonly TraceqlField[] | undefined {
  try {
    const { pipeline, metrics } = parseTraceql(`{ } | select(${text})`);
    return pipeline.stages.length === 1 && metrics === undefined ? [...selectedFields(pipeline).values()] : undefined;
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
