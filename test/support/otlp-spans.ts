import type { KeyValue } from "../../src/model/any-value.ts";
import type { Resource, ResourceSpans, Scope, Span } from "../../src/model/span.ts";

export function textAttribute(key: string, value: string): KeyValue {
  return { key, value: { type: "string", value } };
}

export function intAttribute(key: string, value: bigint): KeyValue {
  return { key, value: { type: "int", value } };
}

/** A span that is complete and in order; `changes` replaces fields. */
export function spanWith(changes: Partial<Span> = {}): Span {
  return {
    traceId: "0102030405060708090a0b0c0d0e0f10",
    spanId: "1112131415161718",
    parentSpanId: "",
    traceState: "",
    flags: 0x101,
    name: "GET /",
    kind: 2,
    startTimeUnixNano: 1_795_392_039_440_000_001n,
    endTimeUnixNano: 1_795_392_039_440_000_900n,
    attributes: [],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    status: { code: 0, message: "" },
    ...changes,
  };
}

export function resourceWith(attributes: readonly KeyValue[]): Resource {
  return { attributes, droppedAttributesCount: 0, entityRefs: [] };
}

export function scopeWith(name: string): Scope {
  return { name, version: "", attributes: [], droppedAttributesCount: 0 };
}

/** One resource with one scope. */
export function serviceWith(service: string, spans: readonly Span[]): ResourceSpans {
  return {
    resource: resourceWith(service === "" ? [] : [textAttribute("service.name", service)]),
    schemaUrl: "",
    scopeSpans: [{ scope: scopeWith("test"), schemaUrl: "", spans }],
  };
}
