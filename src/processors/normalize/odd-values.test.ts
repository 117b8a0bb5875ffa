import { describe, expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { LenientCursor } from "../../codec/otlp/wire/lenient-cursor.ts";
import { WireWriter } from "../../codec/otlp/wire/wire-writer.ts";
import { Metrics } from "../../component/metrics.ts";
import type { TracesData } from "../../model/span.ts";
import { nameOf } from "../../model/span-columns.ts";
import { type NormalizedBatch, Normalizer } from "./normalize.ts";
import { normalizeConfig } from "./normalize-config.ts";

const normalizer = new Normalizer(normalizeConfig.parse({}), new Metrics());
const NEIGHBOURS = 167;

/** Names of the spans that are taken. */
function taken({ scan: { columns } }: NormalizedBatch): string[] {
  return Array.from({ length: columns.count }, (_, row) => nameOf(columns, row));
}

const names = (group: string): string[] => Array.from({ length: NEIGHBOURS }, (_, i) => `${group}${i}`);

describe("OTLP/JSON: a value of any type in the place of any field", () => {
  type Json = unknown;
  const ODD: Record<string, Json> = {
    null: null,
    true: true,
    number: 5,
    float: 1.5,
    negative: -1,
    huge: 1e300,
    "beyond 64 bits": 36893488147419103232n,
    text: "x",
    "empty text": "",
    array: [],
    "array of anything": [null, 7, "x", {}, [], [[]]],
    object: {},
    "unknown object": { a: 1 },
    nested: { a: { b: [{ c: {} }] } },
  };
  const good = (name: string) => ({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    name,
    kind: 2,
    startTimeUnixNano: "1790000000000000000",
    endTimeUnixNano: "1790000000005000000",
  });
  const value = { stringValue: "v" };
  const full = {
    ...good("odd"),
    traceState: "a=b",
    parentSpanId: "00f067aa0ba902b7",
    flags: 1,
    attributes: [{ key: "k", value }],
    droppedAttributesCount: 1,
    events: [{ name: "e", timeUnixNano: "1", attributes: [{ key: "k", value }], droppedAttributesCount: 1 }],
    droppedEventsCount: 1,
    links: [{ traceId: "0a".repeat(16), spanId: "0b".repeat(8), traceState: "a=b", attributes: [], flags: 1 }],
    droppedLinksCount: 1,
    status: { code: 1, message: "m" },
  };
  /** Message → its fields, and how the odd one gets into a request. */
  const MESSAGES: Record<string, { fields: string[]; put: (odd: object) => object }> = {
    ResourceSpans: { fields: ["resource", "scopeSpans", "schemaUrl"], put: (odd) => odd },
    Resource: {
      fields: ["attributes", "droppedAttributesCount", "entityRefs"],
      put: (odd) => ({ resource: odd }),
    },
    EntityRef: {
      fields: ["schemaUrl", "type", "idKeys", "descriptionKeys"],
      put: (odd) => ({ resource: { entityRefs: [odd] } }),
    },
    ScopeSpans: { fields: ["scope", "spans", "schemaUrl"], put: (odd) => ({ scopeSpans: [odd] }) },
    Scope: {
      fields: ["name", "version", "attributes", "droppedAttributesCount"],
      put: (odd) => ({ scopeSpans: [{ scope: odd }] }),
    },
    Span: { fields: Object.keys(full), put: (odd) => ({ scopeSpans: [{ spans: [{ ...full, ...odd }] }] }) },
    Event: {
      fields: ["timeUnixNano", "name", "attributes", "droppedAttributesCount"],
      put: (odd) => ({ scopeSpans: [{ spans: [{ ...full, events: [odd] }] }] }),
    },
    Link: {
      fields: ["traceId", "spanId", "traceState", "attributes", "droppedAttributesCount", "flags"],
      put: (odd) => ({ scopeSpans: [{ spans: [{ ...full, links: [odd] }] }] }),
    },
    Status: { fields: ["message", "code"], put: (odd) => ({ scopeSpans: [{ spans: [{ ...full, status: odd }] }] }) },
    KeyValue: {
      fields: ["key", "value"],
      put: (odd) => ({ scopeSpans: [{ spans: [{ ...full, attributes: [odd] }] }] }),
    },
    AnyValue: {
      fields: [
        ...["stringValue", "boolValue", "intValue", "doubleValue"],
        ...["arrayValue", "kvlistValue", "bytesValue"],
      ],
      put: (odd) => ({ scopeSpans: [{ spans: [{ ...full, attributes: [{ key: "k", value: odd }] }] }] }),
    },
    "a list in AnyValue": {
      fields: ["values"],
      put: (odd) => ({
        scopeSpans: [{ spans: [{ ...full, attributes: [{ key: "k", value: { arrayValue: odd } }] }] }],
      }),
    },
  };
  const REFUSING = /^(traceId|spanId|startTimeUnixNano|endTimeUnixNano|attributes|events|links)$/;

  const request = (message: keyof typeof MESSAGES, field: string, odd: Json): Uint8Array => {
    const group = MESSAGES[message]?.put({ [field]: odd }) as { scopeSpans?: unknown };
    const own = Array.isArray(group.scopeSpans) ? group.scopeSpans : [];
    const mine = { spans: names("same").map(good) };
    const whole = {
      resourceSpans: [
        { ...group, scopeSpans: field === "scopeSpans" ? odd : [mine, ...own, mine] },
        { scopeSpans: [{ spans: names("other").map(good) }] },
      ],
    };
    const text = JSON.stringify(whole, (_key, item) => (typeof item === "bigint" ? "@@" : item));
    return Buffer.from(text.replaceAll('"@@"', String(ODD["beyond 64 bits"])));
  };

  describe.each(Object.keys(MESSAGES))("%s", (message) => {
    it.each(MESSAGES[message]?.fields as string[])("%s", (field) => {
      for (const [what, odd] of Object.entries(ODD)) {
        const batch = normalizer.normalize("otlp_json", request(message, field, odd));
        const found = taken(batch);
        expect(found.filter((name) => name.startsWith("other")).length, what).toBe(NEIGHBOURS);
        const same = field === "scopeSpans" ? 0 : 2 * NEIGHBOURS;
        expect(found.filter((name) => name.startsWith("same")).length, what).toBe(same);
        if (!["ResourceSpans", "Resource", "EntityRef", "ScopeSpans", "Scope"].includes(message)) {
          // The odd span is there, or its refusal names the place.
          const lost = 1 - (found.length - 3 * NEIGHBOURS);
          expect(batch.rejected, what).toBe(lost);
          if (lost > 0) {
            expect(field, what).toMatch(REFUSING);
            expect(batch.message, what).toMatch(
              /resourceSpans\[0\]\.scopeSpans\[1\]\.spans\[0\]\.(\w+(\[0\])?\.)?\w+: expected/,
            );
            expect(batch.message, what).toContain(`.${field}: expected`);
          }
        }
        expect(batch.message.length, what).toBeLessThan(1_000);
      }
    });
  });
});

describe("OTLP protobuf: any field of any wire type, and messages that break off", () => {
  const overlong = Array.from({ length: 11 }, () => 0xff);
  const withTag = (field: number, wire: number, ...bytes: number[]): Uint8Array => {
    const w = new WireWriter();
    w.varint(field * 8 + wire);
    w.raw(Uint8Array.from(bytes));
    return w.finish();
  };
  const FAULTS: Record<string, (field: number) => Uint8Array> = {
    varint: (field) => withTag(field, 0, 5),
    "ten-byte varint": (field) => withTag(field, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1),
    "over-long varint": (field) => withTag(field, 0, ...overlong),
    "varint cut off": (field) => withTag(field, 0, 0x80),
    fixed64: (field) => withTag(field, 1, 1, 2, 3, 4, 5, 6, 7, 8),
    "fixed64 cut off": (field) => withTag(field, 1, 1, 2),
    "no bytes": (field) => withTag(field, 2, 0),
    "bytes that are no message": (field) => withTag(field, 2, 3, 0xff, 0xff, 0xff),
    "bytes cut off": (field) => withTag(field, 2, 100, 1),
    "a length beyond 32 bits": (field) => withTag(field, 2, ...overlong),
    "a message that breaks off": (field) => withTag(field, 2, 4, 0x0a, 2, 0x0a, 9),
    group: (field) => withTag(field, 3),
    "end of group": (field) => withTag(field, 4),
    fixed32: (field) => withTag(field, 5, 1, 2, 3, 4),
    "fixed32 cut off": (field) => withTag(field, 5, 1),
  };
  const nest = (bytes: Uint8Array, ...tags: number[]): Uint8Array => {
    let inner = bytes;
    for (const tag of tags) {
      const w = new WireWriter();
      w.blob(tag, inner);
      inner = w.finish();
    }
    return inner;
  };
  const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
  /** The fields of a Span that can be stored. */
  const sound = ((): Uint8Array => {
    const w = new WireWriter();
    w.blob(0x0a, new Uint8Array(16).fill(1));
    w.blob(0x12, new Uint8Array(8).fill(2));
    w.text(0x2a, "odd");
    w.tag(0x39);
    w.fixed64(1_790_000_000_000_000_000n);
    return w.finish();
  })();
  const inSpan = (bytes: Uint8Array): Uint8Array => nest(joined(sound, bytes), 0x12, 0x12);
  /** Message → its last field, and the fields of a ResourceSpans that the odd field makes. */
  const MESSAGES: Record<string, [number, (odd: Uint8Array) => Uint8Array]> = {
    ResourceSpans: [4, (odd) => odd],
    Resource: [4, (odd) => nest(odd, 0x0a)],
    EntityRef: [5, (odd) => nest(odd, 0x1a, 0x0a)],
    "KeyValue of a resource": [3, (odd) => nest(odd, 0x0a, 0x0a)],
    ScopeSpans: [4, (odd) => nest(odd, 0x12)],
    Scope: [5, (odd) => nest(odd, 0x0a, 0x12)],
    Span: [17, inSpan],
    Event: [5, (odd) => inSpan(nest(odd, 0x5a))],
    Link: [7, (odd) => inSpan(nest(odd, 0x6a))],
    Status: [4, (odd) => inSpan(nest(odd, 0x7a))],
    KeyValue: [3, (odd) => inSpan(nest(odd, 0x4a))],
    AnyValue: [8, (odd) => inSpan(nest(odd, 0x12, 0x4a))],
    ArrayValue: [2, (odd) => inSpan(nest(odd, 0x2a, 0x12, 0x4a))],
    KeyValueList: [2, (odd) => inSpan(nest(odd, 0x32, 0x12, 0x4a))],
  };
  const group = (name: string): TracesData => [
    serviceWith(
      name,
      names(name).map((one) => spanWith({ name: one })),
    ),
  ];
  const before = encodeTraces(group("before"));
  const after = encodeTraces(group("after"));
  /** The fields of a ResourceSpans with neighbours in a scope of their own. */
  const same = ((): Uint8Array => {
    const cursor = new LenientCursor(encodeTraces(group("same")));
    cursor.next(0, cursor.bytes.length);
    return cursor.bytes.subarray(cursor.start);
  })();

  describe.each(Object.keys(MESSAGES))("%s", (message) => {
    const [last, place] = MESSAGES[message] as [number, (odd: Uint8Array) => Uint8Array];
    it.each(Array.from({ length: last }, (_, i) => i + 1))("field %i", (field) => {
      for (const [what, fault] of Object.entries(FAULTS)) {
        const body = joined(before, nest(joined(same, place(fault(field))), 0x0a), after);
        const batch = normalizer.normalize("otlp_protobuf", body);
        const found = taken(batch);
        for (const neighbours of ["before", "same", "after"]) {
          expect(found.filter((name) => name.startsWith(neighbours)).length, `${what}: ${neighbours}`).toBe(NEIGHBOURS);
        }
        expect(found.length + batch.rejected, what).toBeGreaterThanOrEqual(3 * NEIGHBOURS);
        expect(batch.message.length, what).toBeLessThan(1_000);
      }
    });
  });
});
