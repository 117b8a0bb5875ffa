import type { AnyValue, KeyValue } from "../../model/any-value.ts";
import {
  DEFAULT_SERVICE,
  type Resource,
  SPAN_KIND,
  SPAN_KIND_NAMES,
  type Span,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  STATUS_CODE,
} from "../../model/span.ts";
import { intFromText } from "../mapping/any-value-json.ts";
import { TAG } from "../mapping/keys.ts";
import type { ResourceWithSchema, ScopedSpan } from "../mapping/placed-span.ts";
import {
  applyEventResidue,
  applyResourceResidue,
  applySpanResidue,
  parseResidue,
  RESIDUE_KEY,
} from "../mapping/span-residue.ts";
import { TagBag, takeDroppedCounts, takeScope, takeStatusCode } from "../mapping/take-tags.ts";
import {
  JAEGER_FLAG,
  type JaegerLog,
  type JaegerProcess,
  type JaegerReference,
  type JaegerSpan,
  type JaegerTag,
  MISSING_SERVICE,
  SHARED_FLAGS,
} from "./model.ts";

const LATEST = 0xffff_ffff_ffff_ffffn;

/** A process as a resource, with what the reserved tag restores. */
export function fromJaegerProcess(process: JaegerProcess): ResourceWithSchema {
  const { rest, residue } = splitResidue(process.tags);
  return applyResourceResidue(
    plainResource({ serviceName: process.serviceName, tags: rest }),
    parseResidue(residue) ?? {},
  );
}

/** A span as OTLP has it, with what the reserved tags restore. */
export function fromJaegerSpan(span: JaegerSpan): ScopedSpan {
  const { rest, residue } = splitResidue(span.tags);
  const plain = plainJaegerSpan({ ...span, tags: rest });
  const scoped = { ...plain, span: { ...plain.span, events: span.logs.map(fromJaegerLog) } };
  const parsed = parseResidue(residue);
  return parsed === undefined ? scoped : applySpanResidue(scoped, parsed);
}

function fromJaegerLog(log: JaegerLog): SpanEvent {
  const { rest, residue } = splitResidue(log.fields);
  const plain = plainEvent({ timeUnixNano: log.timeUnixNano, fields: rest });
  const parsed = parseResidue(residue);
  return parsed === undefined ? plain : applyEventResidue(plain, parsed);
}

/** Tags without the reserved one, and its text. */
function splitResidue(tags: readonly JaegerTag[]): { rest: readonly JaegerTag[]; residue: string | undefined } {
  const reserved = tags.find((tag) => tag.key === RESIDUE_KEY);
  if (reserved === undefined) return { rest: tags, residue: undefined };
  return {
    rest: tags.filter((tag) => tag.key !== RESIDUE_KEY),
    residue: reserved.value.type === "string" ? reserved.value.value : undefined,
  };
}

/** A process as a reader sees it who does not know the reserved tag. */
export function plainResource(process: JaegerProcess): Resource {
  const tags = new TagBag(process.tags);
  const hostName = tags.get(TAG.jaegerHostName);
  if (hostName !== undefined && !tags.has(TAG.hostName)) {
    tags.delete(TAG.jaegerHostName);
    tags.add(TAG.hostName, hostName);
  }
  const attributes: KeyValue[] = [];
  if (process.serviceName !== DEFAULT_SERVICE) {
    tags.delete(TAG.serviceName);
    attributes.push({ key: TAG.serviceName, value: { type: "string", value: process.serviceName || MISSING_SERVICE } });
  }
  attributes.push(...tags.attributes());
  return { attributes, droppedAttributesCount: 0, entityRefs: [] };
}

/** A span as a reader sees it who does not know the reserved tag. Its events are left out. */
export function plainJaegerSpan(jaeger: JaegerSpan): ScopedSpan {
  const tags = new TagBag(jaeger.tags);
  const scope = takeScope(tags);
  const kind = takeKind(tags);
  const status = takeStatus(tags, kind);
  const traceState = tags.takeString(TAG.traceState) ?? "";
  const dropped = takeDroppedCounts(tags);
  if (jaeger.flags & JAEGER_FLAG.debug) tags.add(TAG.samplingPriority, { type: "int", value: 1n });
  const parentSpanId = parentOf(jaeger);
  const start = clamp(jaeger.startTimeUnixNano);
  const span: Span = {
    traceId: jaeger.traceId,
    spanId: jaeger.spanId,
    parentSpanId,
    traceState,
    flags: jaeger.flags & SHARED_FLAGS,
    name: jaeger.operationName,
    kind,
    startTimeUnixNano: start,
    endTimeUnixNano: clamp(start + jaeger.durationNano),
    attributes: tags.attributes(),
    events: [],
    links: jaeger.references.filter((ref) => !isParent(ref, jaeger.traceId, parentSpanId)).map(plainLink),
    ...dropped,
    status,
  };
  return { span, scope, scopeSchemaUrl: "" };
}

/** A log as a reader sees it who does not know the reserved field. */
export function plainEvent(log: JaegerLog): SpanEvent {
  const fields = new TagBag(log.fields);
  const name = fields.takeString(TAG.event) ?? "";
  const droppedAttributesCount = fields.takeCount(TAG.droppedAttributes) ?? 0;
  return { timeUnixNano: clamp(log.timeUnixNano), name, attributes: fields.attributes(), droppedAttributesCount };
}

/** The parent is the first CHILD_OF reference within the trace. */
function parentOf(span: JaegerSpan): string {
  const parent = span.references.find((ref) => ref.type === "child_of" && ref.traceId === span.traceId);
  return parent?.spanId ?? "";
}

function isParent(ref: JaegerReference, traceId: string, parentSpanId: string): boolean {
  return ref.type === "child_of" && ref.traceId === traceId && ref.spanId === parentSpanId;
}

function plainLink(ref: JaegerReference): SpanLink {
  return {
    traceId: ref.traceId,
    spanId: ref.spanId,
    traceState: "",
    attributes: [{ key: TAG.refType, value: { type: "string", value: ref.type } }],
    droppedAttributesCount: 0,
    flags: 0,
  };
}

/** No tag is INTERNAL, which OpenTelemetry's exporters omit; a kind that nobody knows stays a tag. */
function takeKind(tags: TagBag): SpanKind {
  const value = tags.get(TAG.spanKind);
  const kind = value?.type === "string" ? SPAN_KIND_NAMES.indexOf(value.value.toLowerCase() as "server") : -1;
  if (kind <= 0) return SPAN_KIND.internal;
  tags.delete(TAG.spanKind);
  return kind as SpanKind;
}

/** `error=true` first, then `otel.status_code`, then the HTTP status. */
function takeStatus(tags: TagBag, kind: SpanKind): Span["status"] {
  const error = tags.get(TAG.error);
  const isError = (error?.type === "bool" && error.value) || (error?.type === "string" && error.value === "true");
  if (isError) tags.delete(TAG.error);
  const named = takeStatusCode(tags);
  const description = tags.takeString(TAG.statusDescription);
  if (isError) return { code: STATUS_CODE.error, message: description ?? httpStatusMessage(tags) };
  if (named !== undefined) return { code: named, message: description ?? "" };
  if (isHttpFailure(tags.get("http.status_code") ?? tags.get("http.response.status_code"), kind)) {
    return { code: STATUS_CODE.error, message: description ?? httpStatusMessage(tags) };
  }
  return { code: STATUS_CODE.unset, message: description ?? "" };
}

function httpStatusMessage(tags: TagBag): string {
  const message = tags.get(TAG.httpStatusMessage);
  return message?.type === "string" ? message.value : "";
}

/**
 * OpenTelemetry's HTTP conventions: 4xx is the client's failure, not the server's; below 100 and from 500 up is one.
 */
function isHttpFailure(status: AnyValue | undefined, kind: SpanKind): boolean {
  const value = status?.type === "string" ? intFromText(status.value) : status;
  if (value?.type !== "int") return false;
  if (value.value >= 400n && value.value < 500n) return kind !== SPAN_KIND.server;
  return value.value < 100n || value.value >= 500n;
}

/** Into the range of OTLP's fixed64 times. */
function clamp(nanos: bigint): bigint {
  if (nanos < 0n) return 0n;
  return nanos > LATEST ? LATEST : nanos;
}
