import type { KeyValue } from "../../../model/any-value.ts";
import { stringAttribute } from "../../../model/any-value.ts";
import { bytesToHex } from "../../../model/ids.ts";
import type {
  Resource,
  ResourceSpans,
  Scope,
  ScopeSpans,
  Span,
  SpanEvent,
  SpanKind,
  SpanLink,
  StatusCode,
  TracesData,
} from "../../../model/span.ts";
import { DEFAULT_SERVICE } from "../../../model/span.ts";
import type { SpanColumns, SpanGroup } from "../../../model/span-columns.ts";
import { ByteReader, fieldSet } from "../wire/wire.ts";
import { readKeyValue } from "./decode-values.ts";

const TRACES = fieldSet(1);
const RESOURCE_SPANS = fieldSet(1, 2, 3);
const SCOPE_SPANS = fieldSet(1, 2, 3);
const RESOURCE = fieldSet(1, 2, 3);
const ENTITY_REF = fieldSet(1, 2, 3, 4);
const SCOPE = fieldSet(1, 2, 3, 4);
const SPAN = fieldSet(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
const EVENT = fieldSet(1, 2, 3, 4);
const LINK = fieldSet(1, 2, 3, 4, 5, 6);
const STATUS = fieldSet(2, 3);

/** What the spans of one group share. */
export interface DecodedGroup {
  readonly resource: Resource;
  readonly resourceSchemaUrl: string;
  readonly scope: Scope;
  readonly scopeSchemaUrl: string;
  /** `service.name` where it is a string that is not empty, else DEFAULT_SERVICE. */
  readonly service: string;
}

/**
 * OTLP TracesData (= ExportTraceServiceRequest) as objects. Ids keep the length they came with, as hex; ill-formed
 * UTF-8 reads as U+FFFD; a kind or status code outside the standard reads as 0; an all-zero parent is a root. Throws
 * DecodeError where the bytes are no such message.
 */
export function decodeTraces(body: Uint8Array): TracesData {
  const r = new ByteReader(body);
  const traces: ResourceSpans[] = [];
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === 0x0a) traces.push(resourceSpans(r));
    else r.skip(tag, TRACES);
  }
  return traces;
}

/** The Span message at body[start, end), as `columns.spanStart` and `spanEnd` say it. Throws DecodeError. */
export function decodeSpan(body: Uint8Array, start: number, end: number): Span {
  return span(new ByteReader(body, start, end));
}

/** Resource, scope and schema URLs of one group of `columns`. Throws DecodeError. */
export function decodeGroup(body: Uint8Array, columns: SpanColumns, groupIndex: number): DecodedGroup {
  const group = columns.groups[groupIndex] as SpanGroup;
  const spans = unbrokenSpans(columns, groupIndex);
  const resource = new ResourceBuilder();
  let resourceSchemaUrl = "";
  const outer = new ByteReader(body, group.resourceSpansStart, group.resourceSpansEnd);
  while (outer.at < outer.end) {
    const tag = outer.tag();
    if (tag === 0x0a) resource.read(outer);
    else if (tag === 0x1a) resourceSchemaUrl = outer.text();
    else outer.skip(tag, tag === 0x12 ? 0 : RESOURCE_SPANS);
  }
  const scope = new ScopeBuilder();
  let scopeSchemaUrl = "";
  const inner = new ByteReader(body, group.scopeSpansStart, group.scopeSpansEnd);
  while (inner.at < inner.end) {
    const tag = inner.tag();
    if (tag === 0x0a) scope.read(inner);
    else if (tag === 0x1a) scopeSchemaUrl = inner.text();
    else if (tag === 0x12 && inner.at + spans.lengthBytes === spans.start) inner.at = spans.end;
    else inner.skip(tag, tag === 0x12 ? 0 : SCOPE_SPANS);
  }
  const built = resource.build();
  return { resource: built, resourceSchemaUrl, scope: scope.build(), scopeSchemaUrl, service: serviceName(built) };
}

/** Spans that nothing lies between, as senders write them: from the payload of the first to the end of the last. */
interface UnbrokenSpans {
  readonly start: number;
  readonly end: number;
  /** Of the first span's length. */
  readonly lengthBytes: number;
}

/** What of a group can be stepped over at once, so that reading its few other fields does not cost a step a span. */
function unbrokenSpans({ groupIndex, spanStart, spanEnd }: SpanColumns, group: number): UnbrokenSpans {
  const first = groupIndex.indexOf(group);
  if (first < 0) return { start: -1, end: -1, lengthBytes: 0 };
  const start = spanStart[first] as number;
  let end = spanEnd[first] as number;
  const lengthBytes = varintBytes(end - start);
  for (let row = first + 1; groupIndex[row] === group; row++) {
    const from = spanStart[row] as number;
    const to = spanEnd[row] as number;
    if (from - end !== 1 + varintBytes(to - from)) break;
    end = to;
  }
  return { start, end, lengthBytes };
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

/** `service.name` of a resource, or DEFAULT_SERVICE where it is absent, empty or no string. */
export function serviceName(resource: Resource): string {
  return stringAttribute(resource.attributes, "service.name") || DEFAULT_SERVICE;
}

function resourceSpans(r: ByteReader): ResourceSpans {
  const outer = r.enter();
  const resource = new ResourceBuilder();
  let schemaUrl = "";
  const scopes: ScopeSpans[] = [];
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === 0x0a) resource.read(r);
    else if (tag === 0x12) scopes.push(scopeSpans(r));
    else if (tag === 0x1a) schemaUrl = r.text();
    else r.skip(tag, RESOURCE_SPANS);
  }
  r.leave(outer);
  return { resource: resource.build(), schemaUrl, scopeSpans: scopes };
}

function scopeSpans(r: ByteReader): ScopeSpans {
  const outer = r.enter();
  const scope = new ScopeBuilder();
  let schemaUrl = "";
  const spans: Span[] = [];
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === 0x0a) scope.read(r);
    else if (tag === 0x12) {
      const end = r.enter();
      spans.push(span(r));
      r.leave(end);
    } else if (tag === 0x1a) schemaUrl = r.text();
    else r.skip(tag, SCOPE_SPANS);
  }
  r.leave(outer);
  return { scope: scope.build(), schemaUrl, spans };
}

/** Resource: attributes 1, dropped_attributes_count 2, entity_refs 3. A message that comes in parts is merged. */
class ResourceBuilder {
  readonly #attributes: KeyValue[] = [];
  readonly #entityRefs: Uint8Array[] = [];
  #dropped = 0;

  read(r: ByteReader): void {
    const outer = r.enter();
    while (r.at < r.end) {
      const tag = r.tag();
      if (tag === 0x0a) this.#attributes.push(readKeyValue(r));
      else if (tag === 0x10) this.#dropped = r.varint();
      else if (tag === 0x1a) this.#entityRefs.push(entityRef(r));
      else r.skip(tag, RESOURCE);
    }
    r.leave(outer);
  }

  build(): Resource {
    return {
      attributes: this.#attributes,
      droppedAttributesCount: this.#dropped,
      entityRefs: this.#entityRefs,
    };
  }
}

/** EntityRef: schema_url 1, type 2, id_keys 3, description_keys 4, all strings. Checked, and kept as bytes. */
function entityRef(r: ByteReader): Uint8Array {
  const outer = r.enter();
  const start = r.at;
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === 0x0a || tag === 0x12 || tag === 0x1a || tag === 0x22) r.text();
    else r.skip(tag, ENTITY_REF);
  }
  const bytes = new Uint8Array(r.bytes.subarray(start, r.end));
  r.leave(outer);
  return bytes;
}

/** InstrumentationScope: name 1, version 2, attributes 3, dropped_attributes_count 4. */
class ScopeBuilder {
  readonly #attributes: KeyValue[] = [];
  #name = "";
  #version = "";
  #dropped = 0;

  read(r: ByteReader): void {
    const outer = r.enter();
    while (r.at < r.end) {
      const tag = r.tag();
      if (tag === 0x0a) this.#name = r.text();
      else if (tag === 0x12) this.#version = r.text();
      else if (tag === 0x1a) this.#attributes.push(readKeyValue(r));
      else if (tag === 0x20) this.#dropped = r.varint();
      else r.skip(tag, SCOPE);
    }
    r.leave(outer);
  }

  build(): Scope {
    return {
      name: this.#name,
      version: this.#version,
      attributes: this.#attributes,
      droppedAttributesCount: this.#dropped,
    };
  }
}

/** Fields 1 to 16 of Span, in the order of trace.proto. */
function span(r: ByteReader): Span {
  const attributes: KeyValue[] = [];
  const events: SpanEvent[] = [];
  const links: SpanLink[] = [];
  const status = new StatusBuilder();
  let traceId = "";
  let spanId = "";
  let traceState = "";
  let parentSpanId = "";
  let name = "";
  let kind: SpanKind = 0;
  let startTimeUnixNano = 0n;
  let endTimeUnixNano = 0n;
  let droppedAttributesCount = 0;
  let droppedEventsCount = 0;
  let droppedLinksCount = 0;
  let flags = 0;
  while (r.at < r.end) {
    const tag = r.tag();
    switch (tag) {
      case 0x0a:
        traceId = id(r);
        break;
      case 0x12:
        spanId = id(r);
        break;
      case 0x1a:
        traceState = r.text();
        break;
      case 0x22:
        parentSpanId = id(r);
        break;
      case 0x2a:
        name = r.text();
        break;
      case 0x30:
        kind = knownKind(r.varint());
        break;
      case 0x39:
        startTimeUnixNano = r.fixed64();
        break;
      case 0x41:
        endTimeUnixNano = r.fixed64();
        break;
      case 0x4a:
        attributes.push(readKeyValue(r));
        break;
      case 0x50:
        droppedAttributesCount = r.varint();
        break;
      case 0x5a:
        events.push(event(r));
        break;
      case 0x60:
        droppedEventsCount = r.varint();
        break;
      case 0x6a:
        links.push(link(r));
        break;
      case 0x70:
        droppedLinksCount = r.varint();
        break;
      case 0x7a:
        status.read(r);
        break;
      case 0x85: // field 16, fixed32: (16 << 3) | 5
        flags = r.fixed32();
        break;
      default:
        r.skip(tag, SPAN);
    }
  }
  return {
    traceId,
    spanId,
    parentSpanId: /^0*$/.test(parentSpanId) ? "" : parentSpanId,
    traceState,
    flags,
    name,
    kind,
    startTimeUnixNano,
    endTimeUnixNano,
    attributes,
    droppedAttributesCount,
    events,
    droppedEventsCount,
    links,
    droppedLinksCount,
    status: status.build(),
  };
}

function id(r: ByteReader): string {
  const length = r.length();
  r.at += length;
  return bytesToHex(r.bytes, r.at - length, length);
}

function knownKind(value: number): SpanKind {
  return value <= 5 ? (value as SpanKind) : 0;
}

/** Event: time_unix_nano 1, name 2, attributes 3, dropped_attributes_count 4. */
function event(r: ByteReader): SpanEvent {
  const outer = r.enter();
  const attributes: KeyValue[] = [];
  let timeUnixNano = 0n;
  let name = "";
  let droppedAttributesCount = 0;
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === 0x09) timeUnixNano = r.fixed64();
    else if (tag === 0x12) name = r.text();
    else if (tag === 0x1a) attributes.push(readKeyValue(r));
    else if (tag === 0x20) droppedAttributesCount = r.varint();
    else r.skip(tag, EVENT);
  }
  r.leave(outer);
  return { timeUnixNano, name, attributes, droppedAttributesCount };
}

/** Link: trace_id 1, span_id 2, trace_state 3, attributes 4, dropped_attributes_count 5, flags 6. */
function link(r: ByteReader): SpanLink {
  const outer = r.enter();
  const attributes: KeyValue[] = [];
  let traceId = "";
  let spanId = "";
  let traceState = "";
  let droppedAttributesCount = 0;
  let flags = 0;
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === 0x0a) traceId = id(r);
    else if (tag === 0x12) spanId = id(r);
    else if (tag === 0x1a) traceState = r.text();
    else if (tag === 0x22) attributes.push(readKeyValue(r));
    else if (tag === 0x28) droppedAttributesCount = r.varint();
    else if (tag === 0x35) flags = r.fixed32();
    else r.skip(tag, LINK);
  }
  r.leave(outer);
  return { traceId, spanId, traceState, attributes, droppedAttributesCount, flags };
}

/** Status: message 2, code 3; field 1 was a code long ago and is stepped over. */
class StatusBuilder {
  #code: StatusCode = 0;
  #message = "";

  read(r: ByteReader): void {
    const outer = r.enter();
    while (r.at < r.end) {
      const tag = r.tag();
      if (tag === 0x12) this.#message = r.text();
      else if (tag === 0x18) {
        const code = r.varint();
        this.#code = code <= 2 ? (code as StatusCode) : 0;
      } else r.skip(tag, STATUS);
    }
    r.leave(outer);
  }

  build(): Span["status"] {
    return { code: this.#code, message: this.#message };
  }
}
