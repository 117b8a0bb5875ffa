import type { Attributes } from "../../model/any-value.ts";
import type { Resource, Span, SpanEvent, SpanKind, SpanLink, StatusCode } from "../../model/span.ts";
import type { ScopedSpan } from "../mapping/placed-span.ts";
import { ROW_KINDS, ROW_STATUSES } from "./names.ts";
import type { TextMap, TracesRow, TracesRowEvent, TracesRowLink } from "./traces-row.ts";

/** The span of a row as who knows only the Collector's columns reads it: every attribute is text. */
export function plainFromRow(row: TracesRow): ScopedSpan & { readonly resource: Resource } {
  const span: Span = {
    traceId: row.traceId.padStart(32, "0"),
    spanId: row.spanId.padStart(16, "0"),
    parentSpanId: row.parentSpanId,
    traceState: row.traceState,
    flags: 0,
    name: row.spanName,
    kind: Math.max(0, ROW_KINDS.indexOf(row.spanKind)) as SpanKind,
    startTimeUnixNano: row.timestamp,
    endTimeUnixNano: row.timestamp + row.duration,
    attributes: attributesOf(row.spanAttributes),
    droppedAttributesCount: 0,
    events: row.events.map(eventOfRow),
    droppedEventsCount: 0,
    links: row.links.map(plainLink),
    droppedLinksCount: 0,
    status: { code: Math.max(0, ROW_STATUSES.indexOf(row.statusCode)) as StatusCode, message: row.statusMessage },
  };
  return {
    span,
    scope: { name: row.scopeName, version: row.scopeVersion, attributes: [], droppedAttributesCount: 0 },
    scopeSchemaUrl: "",
    resource: { attributes: attributesOf(row.resourceAttributes), droppedAttributesCount: 0, entityRefs: [] },
  };
}

export function eventOfRow({ timestamp, name, attributes }: TracesRowEvent): SpanEvent {
  return { timeUnixNano: timestamp, name, attributes: attributesOf(attributes), droppedAttributesCount: 0 };
}

function plainLink({ traceId, spanId, traceState, attributes }: TracesRowLink): SpanLink {
  return { traceId, spanId, traceState, attributes: attributesOf(attributes), droppedAttributesCount: 0, flags: 0 };
}

function attributesOf(map: TextMap): Attributes {
  return map.map(([key, value]) => ({ key, value: { type: "string", value } }));
}
