import type { AnyValue, Attributes } from "../../../model/any-value.ts";
import type {
  Resource,
  Scope,
  Span,
  SpanEvent,
  SpanKind,
  SpanLink,
  StatusCode,
  TracesData,
} from "../../../model/span.ts";
import { decodeEntityRef } from "../message/entity-ref.ts";

/**
 * OTLP/JSON (opentelemetry-proto's specification, "JSON Protobuf Encoding") on one line, field for field as the
 * Collector's file exporter writes it: defaults left out, `resource`, `scope` and `status` always there, ids as
 * lower-case hex, 64-bit integers as strings, enums as integers, bytes as base64.
 */
export function tracesToJson(data: TracesData): string {
  const entries = data.map((entry) => {
    const scopes = entry.scopeSpans.map((scope) => {
      const fields = [`"scope":${scopeJson(scope.scope)}`];
      list(
        fields,
        "spans",
        scope.spans.map((span) => spanToJson(span)),
      );
      text(fields, "schemaUrl", scope.schemaUrl);
      return object(fields);
    });
    const fields = [`"resource":${resourceJson(entry.resource)}`];
    list(fields, "scopeSpans", scopes);
    text(fields, "schemaUrl", entry.schemaUrl);
    return object(fields);
  });
  return `{"resourceSpans":[${entries.join(",")}]}`;
}

/** How ids and enums are written, where it is not OTLP's way. */
export interface SpanJsonForm {
  /** What stands between the quotes for an id in hex digits. */
  readonly id: (hex: string) => string;
  /** JSON of a number other than 0. */
  readonly kind: (kind: SpanKind) => string;
  readonly statusCode: (code: StatusCode) => string;
}

const OTLP_FORM: SpanJsonForm = { id: (hex) => hex, kind: String, statusCode: String };

/** One span as an OTLP/JSON object. */
export function spanToJson(span: Span, form = OTLP_FORM): string {
  const fields: string[] = [];
  fields.push(`"traceId":"${form.id(span.traceId)}"`, `"spanId":"${form.id(span.spanId)}"`);
  text(fields, "traceState", span.traceState);
  text(fields, "parentSpanId", form.id(span.parentSpanId));
  number(fields, "flags", span.flags);
  text(fields, "name", span.name);
  if (span.kind !== 0) fields.push(`"kind":${form.kind(span.kind)}`);
  time(fields, "startTimeUnixNano", span.startTimeUnixNano);
  time(fields, "endTimeUnixNano", span.endTimeUnixNano);
  attributes(fields, span.attributes);
  number(fields, "droppedAttributesCount", span.droppedAttributesCount);
  list(fields, "events", span.events.map(eventJson));
  number(fields, "droppedEventsCount", span.droppedEventsCount);
  list(
    fields,
    "links",
    span.links.map((link) => linkJson(link, form)),
  );
  number(fields, "droppedLinksCount", span.droppedLinksCount);
  const status: string[] = [];
  text(status, "message", span.status.message);
  if (span.status.code !== 0) status.push(`"code":${form.statusCode(span.status.code)}`);
  fields.push(`"status":${object(status)}`);
  return object(fields);
}

/** A resource as an OTLP/JSON object. */
export function resourceJson(resource: Resource): string {
  const fields: string[] = [];
  attributes(fields, resource.attributes);
  number(fields, "droppedAttributesCount", resource.droppedAttributesCount);
  list(
    fields,
    "entityRefs",
    resource.entityRefs.map((bytes) => {
      const ref = decodeEntityRef(bytes);
      const parts: string[] = [];
      text(parts, "schemaUrl", ref.schemaUrl);
      text(parts, "type", ref.type);
      list(
        parts,
        "idKeys",
        ref.idKeys.map((key) => JSON.stringify(key)),
      );
      list(
        parts,
        "descriptionKeys",
        ref.descriptionKeys.map((key) => JSON.stringify(key)),
      );
      return object(parts);
    }),
  );
  return object(fields);
}

/** A scope as an OTLP/JSON object. */
export function scopeJson(scope: Scope): string {
  const fields: string[] = [];
  text(fields, "name", scope.name);
  text(fields, "version", scope.version);
  attributes(fields, scope.attributes);
  number(fields, "droppedAttributesCount", scope.droppedAttributesCount);
  return object(fields);
}

function eventJson(event: SpanEvent): string {
  const fields: string[] = [];
  time(fields, "timeUnixNano", event.timeUnixNano);
  text(fields, "name", event.name);
  attributes(fields, event.attributes);
  number(fields, "droppedAttributesCount", event.droppedAttributesCount);
  return object(fields);
}

function linkJson(link: SpanLink, { id }: SpanJsonForm): string {
  const fields: string[] = [];
  fields.push(`"traceId":"${id(link.traceId)}"`, `"spanId":"${id(link.spanId)}"`);
  text(fields, "traceState", link.traceState);
  attributes(fields, link.attributes);
  number(fields, "droppedAttributesCount", link.droppedAttributesCount);
  number(fields, "flags", link.flags);
  return object(fields);
}

function attributes(fields: string[], list: Attributes): void {
  if (list.length > 0) fields.push(`"attributes":${keyValues(list)}`);
}

function keyValues(list: Attributes): string {
  return `[${list.map((kv) => `{"key":${JSON.stringify(kv.key)},"value":${anyValueToJson(kv.value)}}`).join(",")}]`;
}

/** An AnyValue as OTLP/JSON: `{"intValue":"42"}`, `{}` for the empty one. */
export function anyValueToJson(value: AnyValue): string {
  switch (value.type) {
    case "string":
      return `{"stringValue":${JSON.stringify(value.value)}}`;
    case "bool":
      return `{"boolValue":${value.value}}`;
    case "int":
      return `{"intValue":"${value.value}"}`;
    case "double":
      return `{"doubleValue":${doubleJson(value.value)}}`;
    case "bytes":
      return `{"bytesValue":"${Buffer.from(value.value).toString("base64")}"}`;
    case "array":
      return `{"arrayValue":{"values":[${value.value.map(anyValueToJson).join(",")}]}}`;
    case "kvlist":
      return `{"kvlistValue":{"values":${keyValues(value.value)}}}`;
    case "empty":
      return "{}";
  }
}

function doubleJson(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? "-0" : String(value);
}

function object(fields: readonly string[]): string {
  return `{${fields.join(",")}}`;
}

function text(fields: string[], name: string, value: string): void {
  if (value !== "") fields.push(`"${name}":${JSON.stringify(value)}`);
}

function number(fields: string[], name: string, value: number): void {
  if (value !== 0) fields.push(`"${name}":${value}`);
}

function time(fields: string[], name: string, value: bigint): void {
  if (value !== 0n) fields.push(`"${name}":"${value}"`);
}

function list(fields: string[], name: string, items: readonly string[]): void {
  if (items.length > 0) fields.push(`"${name}":[${items.join(",")}]`);
}
