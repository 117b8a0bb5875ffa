import { toTracesData } from "../../codec/mapping/placed-span.ts";
import { tracesToJson } from "../../codec/otlp/json/json-out.ts";
import { type AnyValue, type Attributes, anyValueText } from "../../model/any-value.ts";
import { SPAN_KIND_NAMES, SPAN_MARK, type SpanRecord } from "../../model/span.ts";
import { makesDuration } from "../../model/span-times.ts";
import { markWords } from "../mark-words.ts";
import type { UiAttribute, UiSpanDetail, UiValue } from "./api-types.ts";
import { errorText } from "./error-text.ts";

const STATUS_NAMES = ["unset", "ok", "error"] as const;

/** The JSON of a `UiSpanDetail`: everything that is stored of one span. */
export function spanDetailJson(record: SpanRecord): string {
  const otlp = tracesToJson(toTracesData([record]));
  return `${JSON.stringify(detailOf(record)).slice(0, -1)},"otlp":${otlp}}`;
}

function detailOf(record: SpanRecord): Omit<UiSpanDetail, "otlp"> {
  const { span, resource, scope } = record;
  const known = makesDuration(span.startTimeUnixNano, span.endTimeUnixNano);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    traceState: span.traceState,
    flags: span.flags,
    service: record.service,
    name: span.name,
    kind: SPAN_KIND_NAMES[span.kind],
    startTimeUnixNano: span.startTimeUnixNano.toString(),
    endTimeUnixNano: span.endTimeUnixNano.toString(),
    durationNano: (known ? span.endTimeUnixNano - span.startTimeUnixNano : 0n).toString(),
    status: { code: STATUS_NAMES[span.status.code], message: span.status.message },
    errorText: errorText(span),
    attributes: uiAttributes(span.attributes),
    droppedAttributesCount: span.droppedAttributesCount,
    events: span.events.map((event) => ({
      timeUnixNano: event.timeUnixNano.toString(),
      name: event.name,
      attributes: uiAttributes(event.attributes),
      droppedAttributesCount: event.droppedAttributesCount,
    })),
    droppedEventsCount: span.droppedEventsCount,
    links: span.links.map((link) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      traceState: link.traceState,
      flags: link.flags,
      attributes: uiAttributes(link.attributes),
      droppedAttributesCount: link.droppedAttributesCount,
    })),
    droppedLinksCount: span.droppedLinksCount,
    resource: {
      attributes: uiAttributes(resource.attributes),
      droppedAttributesCount: resource.droppedAttributesCount,
      schemaUrl: record.resourceSchemaUrl,
    },
    scope: {
      name: scope.name,
      version: scope.version,
      attributes: uiAttributes(scope.attributes),
      droppedAttributesCount: scope.droppedAttributesCount,
      schemaUrl: record.scopeSchemaUrl,
    },
    marks: markWords(known ? record.marks : record.marks | SPAN_MARK.impossibleTime),
  };
}

function uiAttributes(attributes: Attributes): UiAttribute[] {
  return attributes.map(({ key, value }) => ({ key, ...uiValue(value) }));
}

export function uiValue(value: AnyValue): UiValue {
  switch (value.type) {
    case "string":
    case "bool":
      return value;
    case "int":
    case "bytes":
      return { type: value.type, value: anyValueText(value) };
    case "double":
      return {
        type: "double",
        value: Number.isFinite(value.value) ? value.value : (String(value.value) as "NaN" | "Infinity" | "-Infinity"),
      };
    case "array":
      return { type: "array", value: value.value.map(uiValue) };
    case "kvlist":
      return { type: "kvlist", value: uiAttributes(value.value) };
    case "empty":
      return { type: "empty", value: null };
  }
}
