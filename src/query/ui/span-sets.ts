import { SPAN_KIND_NAMES } from "../../model/span.ts";
import type { ColumnValue, FieldValue, MatchedSpanset } from "../../model/trace-query.ts";
import type { TraceqlField } from "../../model/traceql.ts";
import { printField } from "../../traceql/print-field.ts";
import type { UiSpanset, UiTraceSummary, UiValue } from "./api-types.ts";
import { uiValue } from "./span-detail.ts";

const STATUS_NAMES = ["unset", "ok", "error"];

/** @param fields those that `values` of the spans are of */
export function uiSpansets(sets: readonly MatchedSpanset[], fields: readonly TraceqlField[]): UiSpanset[] {
  const names = fields.map(printField);
  return sets.map(({ by, matchedCount, spans, cut }) => ({
    by: by.map((value) => (value === undefined ? null : shown(value))),
    matchedCount,
    spans: spans.map(({ spanId, name, service, start, duration, values }) => ({
      spanId,
      name,
      service,
      startTimeUnixNano: start.toString(),
      durationNano: duration.toString(),
      fields: Object.fromEntries(
        values.flatMap((value, at) => (value === undefined ? [] : [[names[at] as string, shown(value)]])),
      ),
    })),
    cut,
  }));
}

export function uiColumns(columns: readonly (ColumnValue | undefined)[]): NonNullable<UiTraceSummary["columns"]> {
  return columns.map((column) => (column === undefined ? null : { value: shown(column.value), others: column.others }));
}

/** Kinds and statuses by their words in TraceQL. */
function shown(value: FieldValue): UiValue {
  if (value.type === "status") return { type: "string", value: STATUS_NAMES[value.value] ?? "unset" };
  if (value.type === "kind") return { type: "string", value: SPAN_KIND_NAMES[value.value] ?? "unspecified" };
  return uiValue(value);
}
