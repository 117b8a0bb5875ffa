import {
  type Resource,
  type Scope,
  SPAN_KIND_NAMES,
  type Span,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type StatusCode,
} from "../../model/span.ts";
import {
  attributesFromJson,
  attributesToJson,
  bytesToBase64,
  isJsonObject,
  type JsonObject,
  listFromJson,
} from "./any-value-json.ts";
import { applyAttributeResidue, attributeResidue } from "./attribute-residue.ts";
import type { ResourceWithSchema, ScopedSpan } from "./placed-span.ts";

/**
 * The reserved attribute of the Jaeger and Zipkin mappings. It holds, as JSON, what a reader of the foreign format
 * would get wrong or not see, and nothing else: the writer reads its own output back and notes each difference. So no
 * field of OTLP can be forgotten, and a span that the foreign format can express carries no residue at all.
 */
export const RESIDUE_KEY = "spanloom.otlp";

/** Jaeger's thrift and Zipkin count in whole microseconds. */
export const NANOS_PER_MICRO = 1000n;

/** Start of the unit that `time` lies in. */
export function floorTo(time: bigint, unit: bigint): bigint {
  return time - (time % unit);
}

/** `timeUnit` is the resolution of the foreign format, ns; differences below it are not noted. */
export function spanResidue(plain: ScopedSpan, original: ScopedSpan, timeUnit: bigint): JsonObject | undefined {
  const a = plain.span;
  const b = original.span;
  const residue: Record<string, unknown> = {};
  for (const key of ["parentSpanId", "traceState", "flags", "name", "kind"] as const) {
    if (a[key] !== b[key]) residue[key] = b[key];
  }
  for (const key of ["droppedAttributesCount", "droppedEventsCount", "droppedLinksCount"] as const) {
    if (a[key] !== b[key]) residue[key] = b[key];
  }
  for (const key of ["startTimeUnixNano", "endTimeUnixNano"] as const) {
    if (a[key] !== floorTo(b[key], timeUnit)) residue[key] = b[key].toString();
  }
  if (a.status.code !== b.status.code || a.status.message !== b.status.message) residue.status = b.status;
  const attributes = attributeResidue(a.attributes, b.attributes);
  if (attributes !== undefined) residue.attributes = attributes;
  const links = linksResidue(a.links, b.links);
  if (links !== undefined) residue.links = links;
  const scope = scopeResidue(plain, original);
  if (scope !== undefined) residue.scope = scope;
  return nonEmpty(residue);
}

/** Applies what `spanResidue` wrote; fields of the wrong shape are ignored. */
export function applySpanResidue(plain: ScopedSpan, residue: JsonObject): ScopedSpan {
  const { span } = plain;
  const scope = isJsonObject(residue.scope) ? residue.scope : {};
  return {
    span: {
      ...span,
      name: text(residue.name) ?? span.name,
      parentSpanId: spanIdOrNone(residue.parentSpanId) ?? span.parentSpanId,
      traceState: text(residue.traceState) ?? span.traceState,
      flags: count(residue.flags) ?? span.flags,
      kind: kindOf(residue.kind) ?? span.kind,
      droppedAttributesCount: count(residue.droppedAttributesCount) ?? span.droppedAttributesCount,
      droppedEventsCount: count(residue.droppedEventsCount) ?? span.droppedEventsCount,
      droppedLinksCount: count(residue.droppedLinksCount) ?? span.droppedLinksCount,
      startTimeUnixNano: nanos(residue.startTimeUnixNano) ?? span.startTimeUnixNano,
      endTimeUnixNano: nanos(residue.endTimeUnixNano) ?? span.endTimeUnixNano,
      status: statusOf(residue.status) ?? span.status,
      attributes: applyAttributeResidue(span.attributes, residue.attributes),
      links: listFromJson(residue.links, linkFromJson) ?? span.links,
    },
    scope: {
      name: text(scope.name) ?? plain.scope.name,
      version: text(scope.version) ?? plain.scope.version,
      attributes: attributesFromJson(scope.attributes) ?? plain.scope.attributes,
      droppedAttributesCount: count(scope.droppedAttributesCount) ?? plain.scope.droppedAttributesCount,
    },
    scopeSchemaUrl: text(scope.schemaUrl) ?? plain.scopeSchemaUrl,
  };
}

function linksResidue(plain: readonly SpanLink[], original: readonly SpanLink[]): JsonObject[] | undefined {
  if (plain.length === 0 && original.length === 0) return undefined;
  const links = original.map(linkToJson);
  return JSON.stringify(plain.map(linkToJson)) === JSON.stringify(links) ? undefined : links;
}

function scopeResidue(plain: ScopedSpan, original: ScopedSpan): JsonObject | undefined {
  const a: Scope = plain.scope;
  const b: Scope = original.scope;
  return nonEmpty({
    ...(a.name === b.name ? {} : { name: b.name }),
    ...(a.version === b.version ? {} : { version: b.version }),
    ...(b.attributes.length === 0 ? {} : { attributes: attributesToJson(b.attributes) }),
    ...(b.droppedAttributesCount === 0 ? {} : { droppedAttributesCount: b.droppedAttributesCount }),
    ...(original.scopeSchemaUrl === "" ? {} : { schemaUrl: original.scopeSchemaUrl }),
  });
}

export function resourceResidue(plain: Resource, original: ResourceWithSchema): JsonObject | undefined {
  const { resource, resourceSchemaUrl } = original;
  const attributes = attributeResidue(plain.attributes, resource.attributes);
  return nonEmpty({
    ...(attributes === undefined ? {} : { attributes }),
    ...(resource.droppedAttributesCount === 0 ? {} : { droppedAttributesCount: resource.droppedAttributesCount }),
    ...(resource.entityRefs.length === 0 ? {} : { entityRefs: resource.entityRefs.map(bytesToBase64) }),
    ...(resourceSchemaUrl === "" ? {} : { schemaUrl: resourceSchemaUrl }),
  });
}

/** Applies what `resourceResidue` wrote. */
export function applyResourceResidue(plain: Resource, residue: JsonObject): ResourceWithSchema {
  const refs = listFromJson(residue.entityRefs, (ref) =>
    typeof ref === "string" ? new Uint8Array(Buffer.from(ref, "base64")) : undefined,
  );
  return {
    resource: {
      attributes: applyAttributeResidue(plain.attributes, residue.attributes),
      droppedAttributesCount: count(residue.droppedAttributesCount) ?? plain.droppedAttributesCount,
      entityRefs: refs ?? plain.entityRefs,
    },
    resourceSchemaUrl: text(residue.schemaUrl) ?? "",
  };
}

export function eventResidue(plain: SpanEvent, original: SpanEvent, timeUnit: bigint): JsonObject | undefined {
  const attributes = attributeResidue(plain.attributes, original.attributes);
  const dropped = original.droppedAttributesCount;
  return nonEmpty({
    ...(plain.name === original.name ? {} : { name: original.name }),
    ...(plain.timeUnixNano === floorTo(original.timeUnixNano, timeUnit)
      ? {}
      : { timeUnixNano: original.timeUnixNano.toString() }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(plain.droppedAttributesCount === dropped ? {} : { droppedAttributesCount: dropped }),
  });
}

/** Applies what `eventResidue` wrote. */
export function applyEventResidue(plain: SpanEvent, residue: JsonObject): SpanEvent {
  return {
    name: text(residue.name) ?? plain.name,
    timeUnixNano: nanos(residue.timeUnixNano) ?? plain.timeUnixNano,
    attributes: applyAttributeResidue(plain.attributes, residue.attributes),
    droppedAttributesCount: count(residue.droppedAttributesCount) ?? plain.droppedAttributesCount,
  };
}

/** The residue in the text of a reserved attribute, or undefined where it is none. */
export function parseResidue(json: string | undefined): JsonObject | undefined {
  if (json === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function linkToJson(link: SpanLink): JsonObject {
  return {
    traceId: link.traceId,
    spanId: link.spanId,
    ...(link.traceState === "" ? {} : { traceState: link.traceState }),
    ...(link.attributes.length === 0 ? {} : { attributes: attributesToJson(link.attributes) }),
    ...(link.droppedAttributesCount === 0 ? {} : { droppedAttributesCount: link.droppedAttributesCount }),
    ...(link.flags === 0 ? {} : { flags: link.flags }),
  };
}

export function linkFromJson(json: unknown): SpanLink | undefined {
  if (!isJsonObject(json)) return undefined;
  const traceId = text(json.traceId);
  const spanId = text(json.spanId);
  if (traceId === undefined || !/^[0-9a-f]{32}$/.test(traceId)) return undefined;
  if (spanId === undefined || !/^[0-9a-f]{16}$/.test(spanId)) return undefined;
  return {
    traceId,
    spanId,
    traceState: text(json.traceState) ?? "",
    attributes: attributesFromJson(json.attributes) ?? [],
    droppedAttributesCount: count(json.droppedAttributesCount) ?? 0,
    flags: count(json.flags) ?? 0,
  };
}

function nonEmpty(residue: Record<string, unknown>): JsonObject | undefined {
  return Object.keys(residue).length > 0 ? (residue as JsonObject) : undefined;
}

function text(json: unknown): string | undefined {
  return typeof json === "string" ? json : undefined;
}

function spanIdOrNone(json: unknown): string | undefined {
  return typeof json === "string" && /^(?:[0-9a-f]{16})?$/.test(json) ? json : undefined;
}

/** A uint32. */
function count(json: unknown): number | undefined {
  return typeof json === "number" && json >>> 0 === json ? json : undefined;
}

function nanos(json: unknown): bigint | undefined {
  if (typeof json !== "string" || !/^\d{1,20}$/.test(json)) return undefined;
  const value = BigInt(json);
  return value === BigInt.asUintN(64, value) ? value : undefined;
}

function kindOf(json: unknown): SpanKind | undefined {
  const kind = count(json);
  return kind !== undefined && kind < SPAN_KIND_NAMES.length ? (kind as SpanKind) : undefined;
}

function statusOf(json: unknown): Span["status"] | undefined {
  if (!isJsonObject(json)) return undefined;
  const code = count(json.code);
  if (code === undefined || code > 2) return undefined;
  return { code: code as StatusCode, message: text(json.message) ?? "" };
}
