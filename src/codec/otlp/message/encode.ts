import type { AnyValue, Attributes, KeyValue } from "../../../model/any-value.ts";
import { hexToBytes } from "../../../model/ids.ts";
import type {
  Resource,
  ResourceSpans,
  Scope,
  ScopeSpans,
  Span,
  SpanEvent,
  SpanLink,
  TracesData,
} from "../../../model/span.ts";
import { WireWriter } from "../wire/wire-writer.ts";

const NO_BYTES = new Uint8Array(0);

/**
 * OTLP TracesData (= ExportTraceServiceRequest) as protobuf. Fields that hold their default are left out, as proto3 has
 * it; resource, scope and status are always there. Ids are written with the length their hex gives; text that is no hex
 * becomes an empty id, which a scan reports.
 */
export function encodeTraces(data: TracesData): Uint8Array<ArrayBuffer> {
  const w = new WireWriter(16 << 10);
  for (const entry of data) resourceSpans(w, entry);
  return w.finish();
}

/** One Span message, without tag and length. */
export function encodeSpan(span: Span): Uint8Array<ArrayBuffer> {
  const w = new WireWriter();
  writeSpan(w, span);
  return w.finish();
}

/** What stands in a ResourceSpans before its scopes: resource 1. */
export function encodeResource(value: Resource): Uint8Array<ArrayBuffer> {
  const w = new WireWriter();
  resource(w, value);
  return w.finish();
}

/** What stands in a ScopeSpans before its spans: scope 1. */
export function encodeScope(value: Scope): Uint8Array<ArrayBuffer> {
  const w = new WireWriter(128);
  scope(w, value);
  return w.finish();
}

/** ResourceSpans: resource 1, scope_spans 2, schema_url 3. */
function resourceSpans(w: WireWriter, entry: ResourceSpans): void {
  const start = w.open(0x0a);
  resource(w, entry.resource);
  for (const scope of entry.scopeSpans) scopeSpans(w, scope);
  if (entry.schemaUrl !== "") w.text(0x1a, entry.schemaUrl);
  w.close(start);
}

/** Resource: attributes 1, dropped_attributes_count 2, entity_refs 3. */
function resource(w: WireWriter, value: Resource): void {
  const start = w.open(0x0a);
  writeAttributes(w, 0x0a, value.attributes);
  count(w, 0x10, value.droppedAttributesCount);
  for (const ref of value.entityRefs) w.blob(0x1a, ref);
  w.close(start);
}

/** ScopeSpans: scope 1, spans 2, schema_url 3. */
function scopeSpans(w: WireWriter, entry: ScopeSpans): void {
  const start = w.open(0x12);
  scope(w, entry.scope);
  for (const span of entry.spans) {
    const at = w.open(0x12);
    writeSpan(w, span);
    w.close(at);
  }
  if (entry.schemaUrl !== "") w.text(0x1a, entry.schemaUrl);
  w.close(start);
}

/** InstrumentationScope: name 1, version 2, attributes 3, dropped_attributes_count 4. */
function scope(w: WireWriter, value: Scope): void {
  const start = w.open(0x0a);
  if (value.name !== "") w.text(0x0a, value.name);
  if (value.version !== "") w.text(0x12, value.version);
  writeAttributes(w, 0x1a, value.attributes);
  count(w, 0x20, value.droppedAttributesCount);
  w.close(start);
}

/** Fields 1 to 16 of Span, in the order of trace.proto. */
export function writeSpan(w: WireWriter, span: Span): void {
  id(w, 0x0a, span.traceId);
  id(w, 0x12, span.spanId);
  if (span.traceState !== "") w.text(0x1a, span.traceState);
  id(w, 0x22, span.parentSpanId);
  if (span.name !== "") w.text(0x2a, span.name);
  enumeration(w, 0x30, span.kind);
  time(w, 0x39, span.startTimeUnixNano);
  time(w, 0x41, span.endTimeUnixNano);
  writeAttributes(w, 0x4a, span.attributes);
  count(w, 0x50, span.droppedAttributesCount);
  for (const one of span.events) event(w, one);
  count(w, 0x60, span.droppedEventsCount);
  for (const one of span.links) link(w, one);
  count(w, 0x70, span.droppedLinksCount);
  const status = w.open(0x7a);
  if (span.status.message !== "") w.text(0x12, span.status.message);
  enumeration(w, 0x18, span.status.code);
  w.close(status);
  flags(w, 0x85, span.flags);
}

/** Event: time_unix_nano 1, name 2, attributes 3, dropped_attributes_count 4. */
function event(w: WireWriter, value: SpanEvent): void {
  const start = w.open(0x5a);
  time(w, 0x09, value.timeUnixNano);
  if (value.name !== "") w.text(0x12, value.name);
  writeAttributes(w, 0x1a, value.attributes);
  count(w, 0x20, value.droppedAttributesCount);
  w.close(start);
}

/** Link: trace_id 1, span_id 2, trace_state 3, attributes 4, dropped_attributes_count 5, flags 6. */
function link(w: WireWriter, value: SpanLink): void {
  const start = w.open(0x6a);
  id(w, 0x0a, value.traceId);
  id(w, 0x12, value.spanId);
  if (value.traceState !== "") w.text(0x1a, value.traceState);
  writeAttributes(w, 0x22, value.attributes);
  count(w, 0x28, value.droppedAttributesCount);
  flags(w, 0x35, value.flags);
  w.close(start);
}

/** Fields `tag` of KeyValue. */
export function writeAttributes(w: WireWriter, tag: number, list: Attributes): void {
  for (const attribute of list) keyValue(w, tag, attribute);
}

/** KeyValue: key 1, value 2. */
function keyValue(w: WireWriter, tag: number, { key, value }: KeyValue): void {
  const start = w.open(tag);
  if (key !== "") w.text(0x0a, key);
  anyValue(w, 0x12, value);
  w.close(start);
}

/** AnyValue: a oneof, so that a default inside it is written. */
function anyValue(w: WireWriter, tag: number, value: AnyValue): void {
  const start = w.open(tag);
  switch (value.type) {
    case "string":
      w.text(0x0a, value.value);
      break;
    case "bool":
      w.tag(0x10);
      w.varint(value.value ? 1 : 0);
      break;
    case "int":
      w.tag(0x18);
      w.int64(value.value);
      break;
    case "double":
      w.tag(0x21);
      w.double(value.value);
      break;
    case "array": {
      const list = w.open(0x2a);
      for (const item of value.value) anyValue(w, 0x0a, item);
      w.close(list);
      break;
    }
    case "kvlist": {
      const list = w.open(0x32);
      writeAttributes(w, 0x0a, value.value);
      w.close(list);
      break;
    }
    case "bytes":
      w.blob(0x3a, value.value);
      break;
    case "empty":
      break;
  }
  w.close(start);
}

function id(w: WireWriter, tag: number, hex: string): void {
  if (hex !== "") w.blob(tag, hexToBytes(hex.length % 2 === 0 ? hex : `0${hex}`) ?? NO_BYTES);
}

function time(w: WireWriter, tag: number, value: bigint): void {
  if (value === 0n) return;
  w.tag(tag);
  w.fixed64(value);
}

function count(w: WireWriter, tag: number, value: number): void {
  if (value === 0) return;
  w.tag(tag);
  w.varint(value);
}

/** An enum is an int32: a negative one takes ten bytes. */
function enumeration(w: WireWriter, tag: number, value: number): void {
  if (value === 0) return;
  w.tag(tag);
  w.int64(BigInt(value));
}

function flags(w: WireWriter, tag: number, value: number): void {
  if (value === 0) return;
  w.tag(tag);
  w.fixed32(value);
}
