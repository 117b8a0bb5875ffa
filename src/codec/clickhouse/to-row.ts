import { type Attributes, anyValueText, stringAttribute } from "../../model/any-value.ts";
import type { SpanEvent, SpanLink, SpanRecord } from "../../model/span.ts";
import type { JsonObject } from "../mapping/any-value-json.ts";
import { eventResidue, RESIDUE_KEY, resourceResidue, spanResidue } from "../mapping/span-residue.ts";
import { eventOfRow, plainFromRow } from "./from-row.ts";
import { ROW_KINDS, ROW_STATUSES } from "./names.ts";
import { MAX_ROW_TIME, type TextMap, type TracesRow, type TracesRowEvent, type TracesRowLink } from "./traces-row.ts";

/**
 * A span as a row. What the columns have no place for, and what a time beyond MAX_ROW_TIME or before its start really
 * is, goes into `otlp`, so that a reader who knows it has all of it back.
 */
export function toRow(record: SpanRecord): TracesRow {
  const { span, scope, resource } = record;
  const timestamp = rowTime(span.startTimeUnixNano);
  const row: TracesRow = {
    timestamp,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    traceState: span.traceState,
    spanName: span.name,
    spanKind: ROW_KINDS[span.kind] as string,
    serviceName: stringAttribute(resource.attributes, "service.name") ?? "",
    resourceAttributes: mapOf(resource.attributes),
    scopeName: scope.name,
    scopeVersion: scope.version,
    // One of that name is told by what takes its place.
    spanAttributes: mapOf(span.attributes.filter(({ key }) => key !== RESIDUE_KEY)),
    duration: durationOf(span.startTimeUnixNano, span.endTimeUnixNano),
    statusCode: ROW_STATUSES[span.status.code] as string,
    statusMessage: span.status.message,
    events: span.events.map(rowEvent),
    links: span.links.map(rowLink),
    otlp: "",
  };
  const residue = residueOf(row, record);
  return residue === undefined ? row : { ...row, otlp: JSON.stringify(residue) };
}

function residueOf(row: TracesRow, record: SpanRecord): JsonObject | undefined {
  const plain = plainFromRow(row);
  const resource = resourceResidue(plain.resource, record);
  const residue = {
    ...spanResidue(plain, record, 1n),
    ...(resource === undefined ? {} : { resource }),
    ...eventResidues(row.events, record.span.events),
  };
  return Object.keys(residue).length === 0 ? undefined : residue;
}

/** By the event's number. */
function eventResidues(events: readonly TracesRowEvent[], originals: readonly SpanEvent[]): JsonObject {
  const residues: Record<string, JsonObject> = {};
  for (const [index, event] of events.entries()) {
    const residue = eventResidue(eventOfRow(event), originals[index] as SpanEvent, 1n);
    if (residue !== undefined) residues[index] = residue;
  }
  return Object.keys(residues).length === 0 ? {} : { events: residues };
}

function rowEvent({ timeUnixNano, name, attributes }: SpanEvent): TracesRowEvent {
  return { timestamp: rowTime(timeUnixNano), name, attributes: mapOf(attributes) };
}

function rowLink({ traceId, spanId, traceState, attributes }: SpanLink): TracesRowLink {
  return { traceId, spanId, traceState, attributes: mapOf(attributes) };
}

function mapOf(attributes: Attributes): TextMap {
  return attributes.map(({ key, value }) => [key, anyValueText(value)] as const);
}

function rowTime(nanos: bigint): bigint {
  return nanos > MAX_ROW_TIME ? MAX_ROW_TIME : nanos;
}

/** Zero where it ends before it starts: the column knows nothing below. */
function durationOf(start: bigint, end: bigint): bigint {
  return end > start ? end - start : 0n;
}
