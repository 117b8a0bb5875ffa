import { anyValueText, findAttribute } from "../../model/any-value.ts";
import { SPAN_KIND, type Span, type SpanRecord, STATUS_CODE } from "../../model/span.ts";
import { makesDuration, TIME_CLASS, timeClassOf } from "../../model/span-times.ts";
import type { JsonObject } from "../mapping/any-value-json.ts";
import { TAG } from "../mapping/keys.ts";
import { NANOS_PER_MICRO, RESIDUE_KEY, resourceResidue, spanResidue } from "../mapping/span-residue.ts";
import { fieldTags, isForcedBySamplingPriority } from "../mapping/take-tags.ts";
import { toAnnotation } from "./annotations.ts";
import { localEndpoint, remoteEndpoint } from "./endpoints.ts";
import { plainZipkinSpan } from "./from-zipkin.ts";
import { isResourceKey, type ZipkinKind, type ZipkinSpan } from "./model.ts";

/** By SpanKind; unspecified and internal have none. */
const KINDS: readonly (ZipkinKind | undefined)[] = [undefined, undefined, "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];

/**
 * Records as Zipkin v2 spans, in order. What Zipkin has no place for goes into the reserved tag and, for events, into a
 * reserved field of the annotation, so `fromZipkinSpan` gives all of it back but times below a microsecond.
 */
export function toZipkinSpans(records: readonly SpanRecord[]): ZipkinSpan[] {
  return records.map(toZipkinSpan);
}

function toZipkinSpan(record: SpanRecord): ZipkinSpan {
  const { span } = record;
  const shared = isShared(span);
  const tags = tagsOf(record, shared);
  const { startTimeUnixNano: from, endTimeUnixNano: to } = span;
  // A time that is none is not said: the reserved tag keeps it.
  const start = timeClassOf(from) === TIME_CLASS.none ? 0 : Number(from / NANOS_PER_MICRO);
  const micros = Number(to / NANOS_PER_MICRO) - start;
  const kind = KINDS[span.kind];
  const remote = remoteEndpoint(span);
  const zipkin: ZipkinSpan = {
    // Zipkin's own form of an id of 64 bits.
    traceId: span.traceId.startsWith("0000000000000000") ? span.traceId.slice(16) : span.traceId,
    id: span.spanId,
    ...(span.parentSpanId === "" || span.parentSpanId === span.spanId ? {} : { parentId: span.parentSpanId }),
    ...(span.name === "" ? {} : { name: span.name }),
    ...(kind === undefined ? {} : { kind }),
    ...(start > 0 ? { timestamp: start } : {}),
    ...(to >= from && makesDuration(from, to) ? { duration: Math.max(1, micros) } : {}),
    localEndpoint: localEndpoint(record.service, span.attributes),
    ...(remote === undefined ? {} : { remoteEndpoint: remote }),
    ...(span.events.length === 0
      ? {}
      : { annotations: span.events.map((event) => toAnnotation(event, Math.max(1, start))) }),
    ...(tags.size === 0 ? {} : { tags: Object.fromEntries(tags) }),
    ...(isForcedBySamplingPriority(findAttribute(span.attributes, TAG.samplingPriority)) ? { debug: true } : {}),
    ...(shared ? { shared: true } : {}),
  };
  const residue = residueOf(zipkin, record);
  if (residue === undefined) return zipkin;
  tags.set(RESIDUE_KEY, JSON.stringify(residue));
  return { ...zipkin, tags: Object.fromEntries(tags) };
}

function isShared(span: Span): boolean {
  const mark = findAttribute(span.attributes, TAG.zipkinShared);
  return span.kind === SPAN_KIND.server && mark?.type === "bool" && mark.value;
}

/** Resource attributes, over them the span's, over them the fields'. `error` says nothing but that the span failed. */
function tagsOf({ span, scope, resource }: SpanRecord, shared: boolean): Map<string, string> {
  const tags = new Map<string, string>();
  for (const { key, value } of resource.attributes) tags.set(key, anyValueText(value));
  tags.delete(TAG.serviceName);
  for (const { key, value } of span.attributes) tags.set(key, anyValueText(value));
  tags.delete(RESIDUE_KEY);
  tags.delete(TAG.error);
  if (shared) tags.delete(TAG.zipkinShared);
  for (const { key, value } of fieldTags(span, scope)) tags.set(key, anyValueText(value));
  if (span.status.code === STATUS_CODE.error) tags.set(TAG.error, span.status.message);
  return tags;
}

function residueOf(zipkin: ZipkinSpan, record: SpanRecord): JsonObject | undefined {
  const spanKeys = new Set(record.span.attributes.map((attribute) => attribute.key));
  const inResource = record.resource.attributes
    .map((attribute) => attribute.key)
    .filter((key) => !spanKeys.has(key) && !isResourceKey(key));
  const inSpan = [...spanKeys].filter(isResourceKey);
  const plain = plainZipkinSpan(zipkin, { resource: new Set(inResource), span: new Set(inSpan) });
  const residue = {
    ...spanResidue(plain, record, NANOS_PER_MICRO),
    ...named("resource", resourceResidue(plain.resource, record)),
    ...(inResource.length + inSpan.length === 0 ? {} : { owners: { resource: inResource, span: inSpan } }),
  };
  return Object.keys(residue).length === 0 ? undefined : residue;
}

function named(key: string, residue: JsonObject | undefined): JsonObject {
  return residue === undefined ? {} : { [key]: residue };
}
