import { PermanentError } from "../../../component/errors.ts";
import type { TraceReader, ViewResult } from "../../../component/read.ts";
import type { Facet, FacetQuery } from "../../../model/attribute-query.ts";
import type { TraceqlField, TraceqlIntrinsic } from "../../../model/traceql.ts";
import { printField, printLiteral } from "../../../traceql/print-field.ts";
import { comparedWith, fieldParam } from "../../field-param.ts";
import { JSON_TYPE } from "../../jaeger/envelope.ts";
import { jsonBytes } from "../../json-writer.ts";
import { badParam, intParam, type QueryParams, textParam } from "../../params.ts";
import { parseTraceqlSearch } from "../../traceql-params.ts";
import type { UiFacet, UiFacetsResponse } from "./facet-types.ts";

const MAX_KEYS = 500;
const MAX_VALUES = 1_000;
const DEFAULT_KEYS = 60;
const DEFAULT_VALUES = 5;
/** A page waits for it beside its results. */
const BUDGET_MS = 2_000;

const INTRINSICS: Readonly<Record<string, TraceqlIntrinsic>> = {
  name: "span:name",
  kind: "span:kind",
  status: "span:status",
};

/** `nowMs` is the wall clock in ms since the epoch. */
export function parseFacetParams(params: QueryParams, nowMs: number): FacetQuery {
  const only = textParam(params, "field") === undefined ? undefined : onlyOf(params, fieldParam(params, "field"));
  return {
    query: parseTraceqlSearch(params, BigInt(nowMs) * 1_000_000n),
    ...(only === undefined ? {} : { only }),
    keys: intParam(params, "keys", 1, MAX_KEYS) ?? DEFAULT_KEYS,
    values: intParam(params, "values", 1, MAX_VALUES) ?? DEFAULT_VALUES,
    budgetMs: BUDGET_MS,
  };
}

export async function facets(reader: TraceReader, asked: FacetQuery, signal: AbortSignal): Promise<ViewResult> {
  if (reader.facets === undefined) throw new PermanentError("bad_request", "this store counts no attributes");
  const { facets: found, traces, complete, reason, searchedBackTo } = await reader.facets(asked, signal);
  const answer: UiFacetsResponse = {
    facets: found.map(uiFacet),
    traces,
    complete,
    ...(reason === undefined ? {} : { reason }),
    ...(searchedBackTo === undefined ? {} : { searchedBackToUnixNano: searchedBackTo.toString() }),
  };
  const incomplete = reason === undefined ? {} : { incomplete: reason };
  return { status: 200, contentType: JSON_TYPE, body: jsonBytes(answer), ...incomplete };
}

function onlyOf(params: QueryParams, field: TraceqlField): FacetQuery["only"] {
  if (field.parent !== true && "intrinsic" in field) {
    const found = Object.entries(INTRINSICS).find(([, intrinsic]) => intrinsic === field.intrinsic);
    if (found !== undefined) return { scope: "intrinsic", key: found[0] };
  }
  if (field.parent !== true && "scope" in field && (field.scope === "span" || field.scope === "resource")) {
    return { scope: field.scope, key: field.key };
  }
  throw badParam("field", textParam(params, "field") as string, "span.key, resource.key, name, kind or status");
}

function uiFacet({ scope, key, traces, values, distinct, exact }: Facet): UiFacet {
  const field = printField(scope === "intrinsic" ? { intrinsic: INTRINSICS[key] as TraceqlIntrinsic } : { scope, key });
  const told = values.flatMap(({ value, traces: of }) => {
    const literal = comparedWith(value);
    return literal === undefined ? [] : { literal: printLiteral(literal), traces: of };
  });
  return { field, traces, values: told, distinct, exact };
}
