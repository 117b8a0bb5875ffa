import { TraceqlError } from "../../../../src/traceql/error.ts";
import { parseTraceql } from "../../../../src/traceql/parse.ts";
import { selectedFields } from "../../../../src/traceql/selected-fields.ts";
import type { SearchParams } from "./search-params.ts";

/** The fields that an address shows as columns, as TraceQL writes them, each once; none where they are no fields. */
export function chosenColumns(params: SearchParams): readonly string[] {
  if (params.columns === undefined) return [];
  try {
    return [...selectedFields(parseTraceql(`{ } | select(${params.columns})`).pipeline).keys()];
  } catch (error) {
    if (error instanceof TraceqlError) return [];
    throw error;
  }
}

export function withColumn(params: SearchParams, field: string): SearchParams {
  return withColumns(params, [...new Set([...chosenColumns(params), field])]);
}

export function withoutColumn(params: SearchParams, field: string): SearchParams {
  return withColumns(
    params,
    chosenColumns(params).filter((one) => one !== field),
  );
}

function withColumns({ columns: _columns, ...params }: SearchParams, fields: readonly string[]): SearchParams {
  return fields.length === 0 ? params : { ...params, columns: fields.join(", ") };
}
