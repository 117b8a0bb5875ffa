import { readFileSync } from "node:fs";
import fc from "fast-check";
import { jsonToTraces } from "../../src/codec/otlp/json/json-in.ts";
import { type AnyValue, type Attributes, type KeyValue, stringAttribute } from "../../src/model/any-value.ts";
import {
  DEFAULT_SERVICE,
  type Resource,
  type Scope,
  type Span,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type SpanRecord,
  type StatusCode,
  type TracesData,
} from "../../src/model/span.ts";

/** Every span of TracesData with what it belongs to. */
export function recordsOf(data: TracesData): SpanRecord[] {
  return data.flatMap((rs) =>
    rs.scopeSpans.flatMap((ss) =>
      ss.spans.map((span) => ({
        span,
        resource: rs.resource,
        resourceSchemaUrl: rs.schemaUrl,
        scope: ss.scope,
        scopeSchemaUrl: ss.schemaUrl,
        service: stringAttribute(rs.resource.attributes, "service.name") || DEFAULT_SERVICE,
        marks: 0,
      })),
    ),
  );
}

/** A record of which nothing is set but what is given: an id, a name, a kind and times are wanted. */
export function bareRecord(
  span: Pick<Span, "traceId" | "spanId" | "name" | "kind" | "startTimeUnixNano" | "endTimeUnixNano"> & Partial<Span>,
  more: Partial<Omit<SpanRecord, "span" | "resource">> & { readonly resource?: Attributes } = {},
): SpanRecord {
  const { resource = [], ...rest } = more;
  return {
    span: {
      parentSpanId: "",
      traceState: "",
      flags: 0,
      attributes: [],
      droppedAttributesCount: 0,
      events: [],
      droppedEventsCount: 0,
      links: [],
      droppedLinksCount: 0,
      status: { code: 0, message: "" },
      ...span,
    },
    resource: { attributes: resource, droppedAttributesCount: 0, entityRefs: [] },
    resourceSchemaUrl: "",
    scope: { name: "", version: "", attributes: [], droppedAttributesCount: 0 },
    scopeSchemaUrl: "",
    service: DEFAULT_SERVICE,
    marks: 0,
    ...rest,
  };
}

/** The spans of a recorded fixture, request by request. */
export function fixtureRecords(name: "node-shop" | "python-shop" | "telemetrygen"): SpanRecord[][] {
  const path = new URL(`../fixtures/${name}.jsonl`, import.meta.url);
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => recordsOf(jsonToTraces(Buffer.from(line))));
}

/**
 * A record in a form that two equal ones share: attributes by key, times in whole microseconds, everything that JSON
 * would blur (types, bytes, NaN, -0) spelled out. The first of several attributes with one key counts.
 */
export function comparable(record: SpanRecord): unknown {
  const { span } = record;
  return {
    ...span,
    startTimeUnixNano: micros(span.startTimeUnixNano),
    endTimeUnixNano: micros(span.endTimeUnixNano),
    attributes: byKey(span.attributes),
    events: span.events.map((event) => ({
      ...event,
      timeUnixNano: micros(event.timeUnixNano),
      attributes: byKey(event.attributes),
    })),
    links: span.links.map((link) => ({ ...link, attributes: byKey(link.attributes) })),
    status: { code: span.status.code, message: span.status.message },
    resource: { ...record.resource, attributes: byKey(record.resource.attributes), entityRefs: hex(record.resource) },
    resourceSchemaUrl: record.resourceSchemaUrl,
    scope: { ...record.scope, attributes: byKey(record.scope.attributes) },
    scopeSchemaUrl: record.scopeSchemaUrl,
  };
}

/** Comparable forms in an order of their own, since the formats regroup spans. */
export function comparableSet(records: readonly SpanRecord[]): unknown[] {
  return records
    .map((record) => [`${record.span.traceId}${record.span.spanId}`, comparable(record)] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, form]) => form);
}

function micros(nanos: bigint): string {
  return (nanos / 1000n).toString();
}

function hex(resource: Resource): string[] {
  return resource.entityRefs.map((ref) => Buffer.from(ref).toString("hex"));
}

function byKey(attributes: Attributes): unknown[] {
  return attributes
    .map(({ key, value }) => [key, spelled(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function spelled(value: AnyValue): unknown {
  switch (value.type) {
    case "int":
      return `int ${value.value}`;
    case "double":
      return `double ${Object.is(value.value, -0) ? "-0" : value.value}`;
    case "bytes":
      return `bytes ${Buffer.from(value.value).toString("hex")}`;
    case "array":
      return ["array", ...value.value.map(spelled)];
    case "kvlist":
      return ["kvlist", ...value.value.map((item) => [item.key, spelled(item.value)])];
    default:
      return value;
  }
}

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom(
    "",
    "true",
    "false",
    "12",
    "-0",
    "NaN",
    "a|b",
    '"x": {}',
    '"x": {"a":1}',
    "ERROR",
    "OK",
    "client",
    "null",
    "[1]",
  ),
);

/** Keys that the mappings themselves use are as likely as others. */
const key = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }),
  fc.constantFrom(
    ...["error", "event", "span.kind", "otel.status_code", "otel.status_description", "otel.scope.name"],
    ...["otel.library.name", "otel.library.version", "w3c.tracestate", "http.status_code", "host.name", "hostname"],
    ...["service.name", "service.version", "team", "peer.service", "server.address", "network.peer.address"],
    ...["network.peer.port", "network.local.address", "db.name", "spanloom.otlp", "sampling.priority", "zipkin.shared"],
    ...["otel.dropped_attributes_count", "opentracing.ref_type", "__proto__", "constructor", "0", "1"],
  ),
);

const scalar: fc.Arbitrary<AnyValue> = fc.oneof(
  text.map((value): AnyValue => ({ type: "string", value })),
  fc.constantFrom("10.0.0.1", "::1", "db-1").map((value): AnyValue => ({ type: "string", value })),
  fc.boolean().map((value): AnyValue => ({ type: "bool", value })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): AnyValue => ({ type: "int", value })),
  fc.constantFrom(0n, 1n, 404n, 500n, 8080n).map((value): AnyValue => ({ type: "int", value })),
  fc.double().map((value): AnyValue => ({ type: "double", value })),
  fc.uint8Array({ maxLength: 8 }).map((value): AnyValue => ({ type: "bytes", value })),
  fc.constant<AnyValue>({ type: "empty" }),
);

const { value } = fc.letrec<{ value: AnyValue; pair: KeyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }).map((items): AnyValue => ({ type: "array", value: items })),
    fc.array(tie("pair"), { maxLength: 4 }).map((items): AnyValue => ({ type: "kvlist", value: items })),
  ),
  pair: fc.record({ key: text, value: tie("value") }),
}));

const pair = fc.record({ key, value });
/** Keys are unique nearly always, as OTLP asks. */
const attributes: fc.Arbitrary<KeyValue[]> = fc.oneof(
  { weight: 9, arbitrary: fc.uniqueArray(pair, { maxLength: 8, selector: (item) => item.key }) },
  { weight: 1, arbitrary: fc.array(pair, { maxLength: 4 }) },
);

const hexId = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((id) => Buffer.from(id).toString("hex"))
    .filter((id) => !/^0+$/.test(id));
const count = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff_ffff }));
const time = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt({ min: 1_700_000_000_000_000_000n, max: 1_700_000_001_000_000_000n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
  { weight: 1, arbitrary: fc.constantFrom(0n, 1n, 999n, 1000n, 2n ** 64n - 1n) },
);

const event: fc.Arbitrary<SpanEvent> = fc.record({
  timeUnixNano: time,
  name: text,
  attributes,
  droppedAttributesCount: count,
});

const link: fc.Arbitrary<SpanLink> = fc.record({
  traceId: hexId(16),
  spanId: hexId(8),
  traceState: fc.constantFrom("", "a=1"),
  attributes,
  droppedAttributesCount: count,
  flags: count,
});

const scope: fc.Arbitrary<Scope> = fc.record({
  name: text,
  version: fc.constantFrom("", "1.2"),
  attributes: fc.oneof(fc.constant([]), attributes),
  droppedAttributesCount: count,
});

/** An EntityRef with a type, which is field 2, as bytes. */
const arbitraryEntityRef = fc
  .string({ maxLength: 5 })
  .map((type) => new Uint8Array([0x12, Buffer.byteLength(type), ...Buffer.from(type)]));

const resource: fc.Arbitrary<Resource> = fc.record({
  attributes,
  droppedAttributesCount: count,
  entityRefs: fc.oneof(fc.constant([]), fc.array(arbitraryEntityRef, { maxLength: 2 })),
});

const span: fc.Arbitrary<Span> = fc
  .record({
    traceId: fc.oneof(
      hexId(16),
      hexId(8).map((id) => id.padStart(32, "0")),
    ),
    spanId: hexId(8),
    parentSpanId: fc.oneof(fc.constant(""), hexId(8)),
    traceState: fc.constantFrom("", "ot=th:8", "a=1,b=2"),
    flags: fc.oneof(fc.constantFrom(0, 0x100, 0x101, 0x103, 0x301), count),
    name: text,
    kind: fc.integer({ min: 0, max: 5 }).map((kind) => kind as SpanKind),
    startTimeUnixNano: time,
    endTimeUnixNano: time,
    attributes,
    droppedAttributesCount: count,
    events: fc.array(event, { maxLength: 3 }),
    droppedEventsCount: count,
    links: fc.array(link, { maxLength: 3 }),
    droppedLinksCount: count,
    status: fc.record({ code: fc.integer({ min: 0, max: 2 }).map((code) => code as StatusCode), message: text }),
  })
  .chain((made) =>
    // Links into the own trace and to the own parent, and spans that are their own parent, are the awkward ones.
    fc.record({ ownLinks: fc.boolean(), ownParent: fc.boolean() }).map(({ ownLinks, ownParent }) => ({
      ...made,
      parentSpanId: ownParent && made.parentSpanId !== "" ? made.spanId : made.parentSpanId,
      links: ownLinks
        ? made.links.map((item) => ({ ...item, traceId: made.traceId, spanId: made.parentSpanId || item.spanId }))
        : made.links,
    })),
  );

/** Records as hostile as OTLP allows them to be. */
export const arbitraryRecord: fc.Arbitrary<SpanRecord> = fc
  .record({
    span,
    resource,
    resourceSchemaUrl: fc.constantFrom("", "https://s/1"),
    scope,
    scopeSchemaUrl: fc.constantFrom("", "https://s/2"),
  })
  .map((record) => ({
    ...record,
    service: stringAttribute(record.resource.attributes, "service.name") || DEFAULT_SERVICE,
    marks: 0,
  }));
