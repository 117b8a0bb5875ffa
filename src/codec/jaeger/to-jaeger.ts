import { type AnyValue, type Attributes, anyValueText, findAttribute, stringAttribute } from "../../model/any-value.ts";
import {
  SPAN_KIND,
  SPAN_KIND_NAMES,
  type Span,
  type SpanEvent,
  type SpanRecord,
  STATUS_CODE,
} from "../../model/span.ts";
import { makesDuration } from "../../model/span-times.ts";
import type { JsonObject } from "../mapping/any-value-json.ts";
import { TAG } from "../mapping/keys.ts";
import { groupByResource } from "../mapping/placed-span.ts";
import {
  eventResidue,
  floorTo,
  NANOS_PER_MICRO,
  RESIDUE_KEY,
  resourceResidue,
  spanResidue,
} from "../mapping/span-residue.ts";
import { fieldTags, isForcedBySamplingPriority } from "../mapping/take-tags.ts";
import { plainEvent, plainJaegerSpan, plainResource } from "./from-jaeger.ts";
import {
  JAEGER_FLAG,
  type JaegerBatch,
  type JaegerLog,
  type JaegerProcess,
  type JaegerReference,
  type JaegerSpan,
  type JaegerTag,
  type JaegerValue,
  MISSING_SERVICE,
  SHARED_FLAGS,
} from "./model.ts";

/** Thrift carries whole microseconds, protobuf nanoseconds. */
export type JaegerResolution = "microseconds" | "nanoseconds";

/**
 * Records as Jaeger batches, one for each distinct resource, in order of first appearance. What Jaeger has no place for
 * goes into the reserved tag, so `fromJaegerSpan` and `fromJaegerProcess` give all of it back, times below the
 * resolution excepted.
 */
export function toJaegerBatches(
  records: readonly SpanRecord[],
  resolution: JaegerResolution = "microseconds",
): JaegerBatch[] {
  const unit = resolution === "microseconds" ? NANOS_PER_MICRO : 1n;
  return groupByResource(records).map((group) => ({
    process: toJaegerProcess(group[0] as SpanRecord),
    spans: group.map((record) => toJaegerSpan(record, unit)),
  }));
}

function toJaegerProcess(record: SpanRecord): JaegerProcess {
  const { attributes } = record.resource;
  const hasHostname = findAttribute(attributes, TAG.jaegerHostName) !== undefined;
  const tags: JaegerTag[] = [];
  for (const { key, value } of attributes) {
    if (key === TAG.serviceName || key === RESIDUE_KEY) continue;
    const name = key === TAG.hostName && !hasHostname ? TAG.jaegerHostName : key;
    tags.push({ key: name, value: toJaegerValue(value) });
  }
  const process: JaegerProcess = { serviceName: record.service || MISSING_SERVICE, tags };
  const residue = resourceResidue(plainResource(process), record);
  return residue === undefined ? process : { ...process, tags: [...tags, residueTag(residue)] };
}

/** `unit` is the resolution, ns. */
export function toJaegerSpan(record: SpanRecord, unit: bigint): JaegerSpan {
  const { span } = record;
  const start = floorTo(span.startTimeUnixNano, unit);
  const end = floorTo(span.endTimeUnixNano, unit);
  const jaeger: JaegerSpan = {
    traceId: span.traceId,
    spanId: span.spanId,
    operationName: span.name,
    references: references(span),
    flags: flagsOf(span),
    startTimeUnixNano: start,
    durationNano: end > start && makesDuration(span.startTimeUnixNano, span.endTimeUnixNano) ? end - start : 0n,
    tags: spanTags(record),
    logs: span.events.map((event) => toJaegerLog(event, unit)),
  };
  const residue = spanResidue(plainJaegerSpan(jaeger), record, unit);
  return residue === undefined ? jaeger : { ...jaeger, tags: [...jaeger.tags, residueTag(residue)] };
}

function spanTags({ span, scope }: SpanRecord): JaegerTag[] {
  const fields = fieldTags(span, scope);
  if (span.kind > SPAN_KIND.internal) {
    fields.push({ key: TAG.spanKind, value: { type: "string", value: SPAN_KIND_NAMES[span.kind] } });
  }
  if (span.status.message !== "") {
    fields.push({ key: TAG.statusDescription, value: { type: "string", value: span.status.message } });
  }
  if (span.status.code === STATUS_CODE.error) fields.push({ key: TAG.error, value: { type: "bool", value: true } });
  return withAttributes(span.attributes, fields);
}

function toJaegerLog(event: SpanEvent, unit: bigint): JaegerLog {
  const own: JaegerTag[] = [];
  if (event.name !== "") own.push({ key: TAG.event, value: { type: "string", value: event.name } });
  if (event.droppedAttributesCount !== 0) {
    own.push({ key: TAG.droppedAttributes, value: { type: "int", value: BigInt(event.droppedAttributesCount) } });
  }
  const log: JaegerLog = {
    timeUnixNano: floorTo(event.timeUnixNano, unit),
    fields: withAttributes(event.attributes, own),
  };
  const residue = eventResidue(plainEvent(log), event, unit);
  return residue === undefined ? log : { ...log, fields: [...log.fields, residueTag(residue)] };
}

/** The fields' tags, then the attributes whose keys they leave free. */
function withAttributes(attributes: Attributes, fields: Attributes): JaegerTag[] {
  const taken = new Set([RESIDUE_KEY, ...fields.map((field) => field.key)]);
  const tags = fields.map(({ key, value }): JaegerTag => ({ key, value: toJaegerValue(value) }));
  for (const { key, value } of attributes) if (!taken.has(key)) tags.push({ key, value: toJaegerValue(value) });
  return tags;
}

/** The parent comes first, because backends look for the first CHILD_OF reference. */
function references(span: Span): JaegerReference[] {
  const refs: JaegerReference[] = [];
  if (span.parentSpanId !== "") refs.push({ type: "child_of", traceId: span.traceId, spanId: span.parentSpanId });
  for (const link of span.links) {
    const type = stringAttribute(link.attributes, TAG.refType) === "child_of" ? "child_of" : "follows_from";
    refs.push({ type, traceId: link.traceId, spanId: link.spanId });
  }
  return refs;
}

function flagsOf(span: Span): number {
  const forced = isForcedBySamplingPriority(findAttribute(span.attributes, TAG.samplingPriority));
  return (span.flags & SHARED_FLAGS) | (forced ? JAEGER_FLAG.debug : 0);
}

/** Arrays, kvlists and empty values become their text. */
function toJaegerValue(value: AnyValue): JaegerValue {
  switch (value.type) {
    case "array":
    case "kvlist":
    case "empty":
      return { type: "string", value: anyValueText(value) };
    default:
      return value;
  }
}

function residueTag(residue: JsonObject): JaegerTag {
  return { key: RESIDUE_KEY, value: { type: "string", value: JSON.stringify(residue) } };
}
