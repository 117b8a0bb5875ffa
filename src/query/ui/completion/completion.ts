import { PermanentError } from "../../../component/errors.ts";
import type { TraceReader, ViewResult } from "../../../component/read.ts";
import type { AttributeRange, LookedAt } from "../../../model/attribute-query.ts";
import type { SpanFilter } from "../../../model/trace-query.ts";
import type { TraceqlField, TraceqlIntrinsic } from "../../../model/traceql.ts";
import { INTRINSIC_TYPES } from "../../../traceql/names.ts";
import { printField, printLiteral } from "../../../traceql/print-field.ts";
import { comparedWith, fieldParam } from "../../field-param.ts";
import { JSON_TYPE } from "../../jaeger/envelope.ts";
import { jsonBytes } from "../../json-writer.ts";
import { type QueryParams, textParam } from "../../params.ts";
import { parseSearchParams } from "../../search-params.ts";
import type { UiCompletionKeys, UiCompletionValues, UiLookedAt } from "./completion-types.ts";

/** Somebody is typing: what is not looked at by then is not told. */
const BUDGET_MS = 150;
const MAX_KEYS = 2_000;
const MAX_VALUES = 100;
/** UTF-16 units; a longer value is none that anybody picks. */
const MAX_TEXT = 1_000;

/** Of a trace's root: what is asked of the spans that are one. */
const OF_ROOTS: Readonly<Partial<Record<TraceqlIntrinsic, TraceqlField>>> = {
  "trace:rootName": { intrinsic: "span:name" },
  "trace:rootService": { scope: "resource", key: "service.name" },
};
const LISTED: ReadonlySet<string> = new Set([
  "span:name",
  "span:kind",
  "span:status",
  "span:statusMessage",
  "event:name",
  "instrumentation:name",
  "instrumentation:version",
] satisfies TraceqlIntrinsic[]);
const IS_ROOT: SpanFilter = {
  op: "compare",
  field: { intrinsic: "root" },
  is: "=",
  value: { type: "bool", value: true },
};

type TimeRange = Pick<AttributeRange, "startMin" | "startMax">;

export interface CompletionValuesParams extends TimeRange {
  readonly field: TraceqlField;
  readonly text?: string;
}

/** The time range of a search, in the words of its parameters. */
export function parseCompletionRange(params: QueryParams, nowNano: bigint): TimeRange {
  const asked = new URLSearchParams();
  for (const name of ["start", "end", "lookback"]) {
    const text = textParam(params, name);
    if (text !== undefined) asked.set(name, text);
  }
  const { startMin, startMax } = parseSearchParams(asked, nowNano);
  return { ...(startMin === undefined ? {} : { startMin }), ...(startMax === undefined ? {} : { startMax }) };
}

export function parseCompletionValues(params: QueryParams, nowNano: bigint): CompletionValuesParams {
  const text = textParam(params, "text");
  return {
    field: fieldParam(params, "field"),
    ...(text === undefined ? {} : { text: text.slice(0, MAX_TEXT) }),
    ...parseCompletionRange(params, nowNano),
  };
}

export async function completionKeys(reader: TraceReader, range: TimeRange, signal: AbortSignal): Promise<ViewResult> {
  if (reader.attributeNames === undefined) {
    throw new PermanentError("bad_request", "this store lists no attributes");
  }
  const { names, ...looked } = await reader.attributeNames({ ...range, limit: MAX_KEYS, budgetMs: BUDGET_MS }, signal);
  const keys = names.map(({ scope, key, spans }) => ({ field: printField({ scope, key }), scope, key, spans }));
  return answer({ keys, ...lookedAt(looked) } satisfies UiCompletionKeys);
}

export async function completionValues(
  reader: TraceReader,
  { field, text, ...range }: CompletionValuesParams,
  signal: AbortSignal,
): Promise<ViewResult> {
  if (reader.attributeValues === undefined) throw new PermanentError("bad_request", "this store lists no values");
  const asked = askedOf(field);
  if (asked === undefined) return answer({ values: [], spans: 0, complete: true } satisfies UiCompletionValues);
  const { values, ...looked } = await reader.attributeValues(
    {
      ...range,
      field: asked,
      ...(text === undefined ? {} : { text }),
      ...(asked === field ? {} : { filter: IS_ROOT }),
      limit: MAX_VALUES,
      budgetMs: BUDGET_MS,
    },
    signal,
  );
  const told = values.flatMap(({ value, spans }) => {
    const literal = comparedWith(value);
    if (literal === undefined || (literal.type === "string" && literal.value.length > MAX_TEXT)) return [];
    return { literal: printLiteral(literal), spans };
  });
  return answer({ values: told, ...lookedAt(looked) } satisfies UiCompletionValues);
}

/** What is to be listed for a field; undefined where nobody picks one of its values. */
function askedOf(field: TraceqlField): TraceqlField | undefined {
  if (field.parent === true) return undefined;
  if (!("intrinsic" in field)) return field;
  if (INTRINSIC_TYPES[field.intrinsic] === "duration") return undefined;
  return OF_ROOTS[field.intrinsic] ?? (LISTED.has(field.intrinsic) ? field : undefined);
}

function lookedAt({ spans, backTo, complete, reason }: LookedAt): UiLookedAt {
  return {
    spans,
    ...(backTo === undefined ? {} : { backToUnixNano: backTo.toString() }),
    complete,
    ...(reason === undefined ? {} : { reason }),
  };
}

function answer(body: UiCompletionKeys | UiCompletionValues): ViewResult {
  const incomplete = body.reason === undefined ? {} : { incomplete: body.reason };
  return { status: 200, contentType: JSON_TYPE, body: jsonBytes(body), ...incomplete };
}
