import { PermanentError } from "../../component/errors.ts";
import type { TraceReader, ViewResult } from "../../component/read.ts";
import type { KeyScope, LookedAt } from "../../model/attribute-query.ts";
import { compareText } from "../../model/compare-text.ts";
import { SPAN_KIND_NAMES } from "../../model/span.ts";
import type { FieldValue, SpanFilter } from "../../model/trace-query.ts";
import type { TraceqlField, TraceqlIntrinsic } from "../../model/traceql.ts";
import { STATUS_WORDS } from "../../traceql/names.ts";
import { JsonWriter } from "../json-writer.ts";
import { isDuration } from "./field-values.ts";
import { jobsJson } from "./search-json.ts";

/** Plain; times in ns since the epoch, inclusive. */
export interface TagRange {
  readonly startMin?: bigint;
  readonly startMax?: bigint;
  /** Of values, or of the names of each scope. */
  readonly limit: number;
  readonly filter: SpanFilter;
}

export interface TagNamesParams extends TagRange {
  readonly scopes: readonly KeyScope[];
  readonly intrinsics: boolean;
  /** Names by scope, or all together. */
  readonly version: 1 | 2;
}

export interface TagValuesParams extends TagRange {
  readonly field: TraceqlField;
  readonly filtered: boolean;
  /** With their types, or as texts. */
  readonly version: 1 | 2;
}

/** Time to look through what is stored, ms. */
const BUDGET_MS = 2_000;
/** Of all scopes together, as many as the store gives. */
const MAX_NAMES = 10_000;
/** Those that Tempo completes, in its order. */
const INTRINSICS = [
  ..."duration event:name event:timeSinceStart instrumentation:name instrumentation:version kind name rootName".split(
    " ",
  ),
  ..."rootServiceName span:duration span:kind span:name span:status span:statusMessage status statusMessage".split(" "),
  ..."trace:duration trace:rootName trace:rootService traceDuration".split(" "),
];
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
]);
const IS_ROOT: SpanFilter = {
  op: "compare",
  field: { intrinsic: "root" },
  is: "=",
  value: { type: "bool", value: true },
};

export async function tagNames(reader: TraceReader, params: TagNamesParams, signal: AbortSignal): Promise<ViewResult> {
  const { scopes, intrinsics, version, ...range } = params;
  if (reader.attributeNames === undefined) throw new PermanentError("unsupported", "this store lists no attributes");
  const query = { ...range, limit: MAX_NAMES, scopes, budgetMs: BUDGET_MS };
  const found = scopes.length === 0 ? undefined : await reader.attributeNames(query, signal);
  const names = new Map<string, string[]>(scopes.map((scope) => [scope, []]));
  for (const { scope, key } of found?.names ?? []) {
    const keys = names.get(scope);
    if (keys !== undefined && keys.length < range.limit) keys.push(key);
  }
  if (intrinsics) names.set("intrinsic", [...INTRINSICS]);
  for (const keys of names.values()) keys.sort(compareText);
  const w = new JsonWriter();
  if (version === 1) {
    const all = [...new Set([...names.values()].flat())].sort(compareText);
    list(
      w,
      "tagNames",
      all.map((name) => JSON.stringify(name)),
    );
  } else {
    const filled = [...names].filter(([, tags]) => tags.length > 0);
    list(
      w,
      "scopes",
      filled.map(([name, tags]) => JSON.stringify({ name, tags })),
    );
  }
  return finish(w, found);
}

export async function tagValues(
  reader: TraceReader,
  params: TagValuesParams,
  signal: AbortSignal,
): Promise<ViewResult> {
  const { field, filtered, version, ...range } = params;
  if (reader.attributeValues === undefined) throw new PermanentError("unsupported", "this store lists no values");
  const w = new JsonWriter();
  const write = (values: readonly FieldValue[], looked?: LookedAt): ViewResult => {
    const told = values.flatMap(tagValue).sort((a, b) => compareText(a.value, b.value) || compareText(a.type, b.type));
    const texts =
      version === 2 ? told.map((one) => JSON.stringify(one)) : told.map(({ value }) => JSON.stringify(value));
    list(w, "tagValues", [...new Set(texts)]);
    return finish(w, looked);
  };
  if (!filtered && "intrinsic" in field) {
    if (field.intrinsic === "span:status")
      return write(STATUS_WORDS.map((_, value) => ({ type: "status", value }) as FieldValue));
    if (field.intrinsic === "span:kind")
      return write(SPAN_KIND_NAMES.map((_, value) => ({ type: "kind", value }) as FieldValue));
  }
  const asked = askedOf(field);
  if (asked === undefined) return write([]);
  const filter: SpanFilter = asked === field ? range.filter : { op: "and", of: [IS_ROOT, range.filter] };
  const found = await reader.attributeValues({ ...range, filter, field: asked, budgetMs: BUDGET_MS }, signal);
  return write(
    found.values.map(({ value }) => value),
    found,
  );
}

/** What is to be listed for a field; undefined where Tempo completes nothing, as for ids and durations. */
function askedOf(field: TraceqlField): TraceqlField | undefined {
  if (field.parent === true || isDuration(field)) return undefined;
  if (!("intrinsic" in field)) return field;
  return OF_ROOTS[field.intrinsic] ?? (LISTED.has(field.intrinsic) ? field : undefined);
}

function tagValue(value: FieldValue): { readonly type: string; readonly value: string }[] {
  switch (value.type) {
    case "string":
      return [{ type: "string", value: value.value }];
    case "int":
    case "bool":
      return [{ type: value.type, value: String(value.value) }];
    case "double":
      return [{ type: "float", value: String(value.value) }];
    case "status":
      return [{ type: "keyword", value: STATUS_WORDS[value.value] }];
    case "kind":
      return [{ type: "keyword", value: SPAN_KIND_NAMES[value.value] }];
    default:
      return [];
  }
}

function list(w: JsonWriter, name: string, items: readonly string[]): void {
  w.raw("{");
  if (items.length === 0) return;
  w.raw(`"${name}":[`);
  for (const [index, item] of items.entries()) w.raw(index === 0 ? item : `,${item}`);
  w.raw("],");
}

/** `looked` is absent where nothing had to be looked for. */
function finish(w: JsonWriter, looked: LookedAt | undefined): ViewResult {
  w.raw(`"metrics":${jobsJson(looked?.complete ?? true)}}`);
  const body = w.finish();
  const reason =
    looked?.complete === false ? `the list may lack something: ${looked.reason ?? "it ended early"}` : undefined;
  return {
    status: 200,
    contentType: "application/json",
    body,
    ...(reason === undefined ? {} : { incomplete: reason }),
  };
}
