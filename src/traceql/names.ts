import { SPAN_KIND_NAMES } from "../model/span.ts";
import type { TraceqlField, TraceqlIntrinsic } from "../model/traceql.ts";

/** Intrinsics by their names without a scope; those of Tempo's grammar and no others. */
export const SHORT_INTRINSICS: ReadonlyMap<string, TraceqlIntrinsic> = new Map([
  ["name", "span:name"],
  ["kind", "span:kind"],
  ["status", "span:status"],
  ["statusMessage", "span:statusMessage"],
  ["duration", "span:duration"],
  ["childCount", "span:childCount"],
  ["traceDuration", "trace:duration"],
  ["rootName", "trace:rootName"],
  ["rootServiceName", "trace:rootService"],
  ["nestedSetLeft", "nestedSetLeft"],
  ["nestedSetRight", "nestedSetRight"],
  ["nestedSetParent", "nestedSetParent"],
]);

/** What an intrinsic is known to be before any span is read. */
export type FieldType = "string" | "int" | "duration" | "status" | "kind";

export const INTRINSIC_TYPES: Readonly<Record<TraceqlIntrinsic, FieldType>> = {
  "span:name": "string",
  "span:kind": "kind",
  "span:status": "status",
  "span:statusMessage": "string",
  "span:duration": "duration",
  "span:id": "string",
  "span:parentID": "string",
  "span:childCount": "int",
  "trace:id": "string",
  "trace:duration": "duration",
  "trace:rootName": "string",
  "trace:rootService": "string",
  "event:name": "string",
  "event:timeSinceStart": "duration",
  "link:traceID": "string",
  "link:spanID": "string",
  "instrumentation:name": "string",
  "instrumentation:version": "string",
  nestedSetLeft: "int",
  nestedSetRight: "int",
  nestedSetParent: "int",
};

/** Hex digits of the intrinsics that are ids. */
export const ID_DIGITS: Readonly<Partial<Record<TraceqlIntrinsic, number>>> = {
  "span:id": 16,
  "span:parentID": 16,
  "trace:id": 32,
  "link:traceID": 32,
  "link:spanID": 16,
};

export const SCOPED_INTRINSICS: readonly string[] = Object.keys(INTRINSIC_TYPES).filter((name) => name.includes(":"));

export type FieldScope = Extract<TraceqlField, { scope: string }>["scope"];

/** Scopes that attributes are written with; `.key` is any. */
export const FIELD_SCOPES: readonly FieldScope[] = ["span", "resource", "event", "link", "instrumentation"];

export const STATUS_WORDS = ["unset", "ok", "error"] as const;
export const KIND_WORDS = SPAN_KIND_NAMES;

export const AGGREGATE_WORDS = ["count", "avg", "min", "max", "sum"] as const;
export const PIPELINE_WORDS: readonly string[] = [...AGGREGATE_WORDS, "by", "coalesce", "select"];
export const METRICS_WORDS = [
  "rate",
  "count_over_time",
  "min_over_time",
  "max_over_time",
  "avg_over_time",
  "sum_over_time",
  "histogram_over_time",
  "quantile_over_time",
] as const;

/** Words that stand for a value. */
export const VALUE_WORDS: readonly string[] = [
  "true",
  "false",
  "nil",
  "minInt",
  "maxInt",
  ...STATUS_WORDS,
  ...KIND_WORDS,
];

/** The unscoped name of an intrinsic, where it has one. */
export function shortName(intrinsic: TraceqlIntrinsic): string | undefined {
  for (const [name, known] of SHORT_INTRINSICS) if (known === intrinsic) return name;
  return undefined;
}
