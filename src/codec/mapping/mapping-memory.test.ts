import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ZIPKIN_PROTO } from "../../../test/support/intakes.ts";
import { KEY_USES, type MappedFormat, readWith } from "../../../test/support/mapped-spans.ts";
import { BinaryParts } from "../jaeger/binary-parts.ts";
import { writeBatch } from "../jaeger/thrift-batch.ts";
import { JsonCursor } from "../json/json-cursor.ts";
import { DEFAULT_SPAN_LIMITS } from "../otlp/message/span-limits.ts";
import { LenientCursor } from "../otlp/wire/lenient-cursor.ts";
import { BinaryWriter } from "../thrift/binary.ts";
import { JsonParts } from "../zipkin/json-parts.ts";
import { ProtobufParts } from "../zipkin/protobuf-parts.ts";
import { MappingMemory } from "./mapping-memory.ts";

const id = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((raw) => Buffer.from(raw).toString("hex"))
    .filter((hex) => !/^0+$/.test(hex));
const few = (bytes: number) => fc.constantFrom("0".repeat(bytes * 2 - 1).concat("1"), "ab".repeat(bytes));
/** Keys that mean something to a mapping, and others. */
const key = fc.oneof(
  fc.constantFrom("span.kind", "error", "otel.status_code", "otel.status_description", "otel.scope.name"),
  fc.constantFrom("otel.library.version", "w3c.tracestate", "otel.dropped_events_count", "sampling.priority"),
  fc.constantFrom("http.status_code", "http.response.status_code", "zipkin.shared", "service.name", "host.name"),
  fc.constantFrom("network.local.port", "peer.service", "server.address", "net.peer.name", "db.name", "event"),
  fc.constantFrom("k8s.pod.name", "spanloom.otlp", "", "7", "ключ", "a", "b", "__proto__", "toString"),
  fc.string({ unit: "grapheme", maxLength: 140 }),
);
const text = fc.oneof(
  fc.constantFrom("", "true", "false", "ERROR", "ok", "server", "Client", "404", "500", '"quoted": {"a":1}', "shop"),
  fc.string({ unit: "binary", maxLength: 60 }).map((made) => made.toWellFormed()),
);
const micros = fc.oneof(fc.nat(), fc.integer({ min: 1, max: 2 ** 52 }), fc.constantFrom(0, 1_700_000_000_000_000));

const tag = fc.record({
  key,
  value: fc.oneof(
    text.map((value) => ({ type: "string" as const, value })),
    fc.boolean().map((value) => ({ type: "bool" as const, value })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ type: "int" as const, value })),
    fc.constantFrom(200n, 404n, 503n).map((value) => ({ type: "int" as const, value })),
    fc.double().map((value) => ({ type: "double" as const, value })),
    fc.uint8Array({ maxLength: 200 }).map((value) => ({ type: "bytes" as const, value })),
  ),
});
const tags = fc.array(tag, { maxLength: 6 });
const nanos = micros.map((value) => BigInt(value) * 1000n);
const reference = fc.record({
  type: fc.constantFrom("child_of" as const, "follows_from" as const),
  traceId: few(16),
  spanId: few(8),
});
const jaegerSpan = fc.record({
  traceId: few(16),
  spanId: id(8),
  operationName: text,
  references: fc.array(reference, { maxLength: 3 }),
  flags: fc.constantFrom(0, 1, 3, 0x301),
  startTimeUnixNano: nanos,
  durationNano: nanos,
  tags,
  logs: fc.array(fc.record({ timeUnixNano: nanos, fields: tags }), { maxLength: 2 }),
});
const thrift = fc
  .record({ serviceName: text, tags: fc.constant([]) })
  .chain((process) => fc.array(jaegerSpan, { maxLength: 3 }).map((spans) => ({ process, spans })))
  .map((batch) => {
    const out = new BinaryWriter();
    writeBatch(out, batch);
    return out.finish();
  });

const endpoint = fc.record(
  {
    serviceName: fc.constantFrom("shop", "", "unknown_service", "cart"),
    ipv4: fc.constantFrom("10.0.0.1", "10.0.0.2"),
    port: fc.nat(70_000),
  },
  { requiredKeys: [] },
);
const zipkinSpan = fc.record(
  {
    traceId: fc.oneof(few(16), few(8), fc.constantFrom("1", "ABC")),
    id: id(8),
    parentId: fc.oneof(few(8), fc.constant("")),
    name: text,
    kind: fc.constantFrom("CLIENT", "SERVER", "PRODUCER", "CONSUMER", "client", "OTHER"),
    timestamp: micros,
    duration: micros,
    localEndpoint: endpoint,
    remoteEndpoint: endpoint,
    annotations: fc.array(fc.record({ timestamp: micros, value: text }), { maxLength: 3 }),
    tags: fc.dictionary(key, fc.oneof(text, fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }))),
    debug: fc.boolean(),
    shared: fc.boolean(),
  },
  { requiredKeys: ["traceId", "id", "timestamp", "duration"] },
);
const json = fc
  .tuple(fc.array(zipkinSpan, { maxLength: 3 }), fc.constantFrom(undefined, 1))
  .map(([spans, indent]) => new TextEncoder().encode(JSON.stringify(spans, undefined, indent)));

const List = ZIPKIN_PROTO.lookupType("List");
const bytesOf = (hex: string) => Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
const KINDS = ["", "CLIENT", "SERVER", "PRODUCER", "CONSUMER"];
const protobuf = fc.array(zipkinSpan, { maxLength: 3 }).map((spans) => {
  const made = spans.map(({ localEndpoint, remoteEndpoint, tags: all, ...span }) => ({
    ...span,
    traceId: bytesOf(span.traceId),
    id: bytesOf(span.id),
    parentId: bytesOf(span.parentId ?? ""),
    kind: Math.max(0, KINDS.indexOf(span.kind ?? "")),
    ...(localEndpoint === undefined ? {} : { localEndpoint: { ...localEndpoint, ipv4: Buffer.from([10, 0, 0, 1]) } }),
    ...(remoteEndpoint === undefined
      ? {}
      : { remoteEndpoint: { ...remoteEndpoint, ipv4: Buffer.from([10, 0, 0, 2]) } }),
    tags: Object.fromEntries(Object.entries(all ?? {}).map(([name, value]) => [name, String(value)])),
  }));
  return new Uint8Array(List.encode(List.fromObject({ spans: made })).finish());
});

/** Bytes of which some are changed, left out or doubled. */
function damaged(bodies: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({ at: fc.nat(), byte: fc.nat(255), how: fc.constantFrom("set", "cut", "double") });
  return fc.tuple(bodies, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([body, edits]) => {
    let made = [...body];
    for (const { at, byte, how } of edits) {
      const place = made.length === 0 ? 0 : at % made.length;
      if (how === "set") made[place] = byte;
      else
        made = [
          ...made.slice(0, place + (how === "double" ? 1 : 0)),
          ...made.slice(how === "double" ? place : place + 1),
        ];
    }
    return new Uint8Array(made);
  });
}

function outcome(memory: MappingMemory | undefined, format: MappedFormat, bytes: Uint8Array): unknown {
  try {
    return readWith(memory, format, bytes, { ...DEFAULT_SPAN_LIMITS, maxAttributes: 4, maxEvents: 2, maxLinks: 2 });
  } catch (error) {
    return String(error);
  }
}

const FORMATS = [
  ["jaeger_thrift", thrift],
  ["zipkin_json", json],
  ["zipkin_protobuf", protobuf],
] as const;

describe.each(FORMATS)("a memory of %s", (format, bodies) => {
  it("changes nothing, whatever it has seen before", () => {
    const memory = new MappingMemory(KEY_USES[format]);
    fc.assert(
      fc.property(bodies, (bytes) => {
        const built = outcome(undefined, format, bytes);
        expect(outcome(memory, format, bytes)).toEqual(built);
        expect(outcome(memory, format, bytes)).toEqual(built);
      }),
      { numRuns: 300 },
    );
  });

  it("changes nothing of what is damaged", () => {
    const memory = new MappingMemory(KEY_USES[format]);
    fc.assert(
      fc.property(damaged(bodies), (bytes) => {
        const built = outcome(undefined, format, bytes);
        expect(outcome(memory, format, bytes)).toEqual(built);
        expect(outcome(memory, format, bytes)).toEqual(built);
      }),
      { numRuns: 300 },
    );
  });
});

describe("an ordinary span is written without being built", () => {
  const span = {
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    id: "00f067aa0ba902b7",
    parentId: "53995c3f42cd8ad8",
    name: "get /orders",
    kind: "SERVER",
    timestamp: 1_700_000_000_000_000,
    duration: 1_500,
    localEndpoint: { serviceName: "shop", ipv4: "10.0.0.1", port: 8080 },
    annotations: [{ timestamp: 1_700_000_000_000_100, value: "cache miss" }],
    tags: { "http.route": "/orders", 'say "so"': "a", error: "false", "k8s.pod.name": "shop-0" },
  };
  const limits = DEFAULT_SPAN_LIMITS;

  it("of Zipkin JSON", () => {
    const { 'say "so"': _, ...tags } = span.tags;
    const bytes = new TextEncoder().encode(JSON.stringify([{ ...span, tags: { ...tags, quoted: '"a"' } }]));
    const memory = new MappingMemory(KEY_USES.zipkin_json);
    const find = () => {
      const cursor = new JsonCursor(bytes);
      cursor.enterArray();
      return new JsonParts(cursor, limits, memory).find();
    };
    expect([find(), memory.own]).toEqual([true, undefined]);
    readWith(memory, "zipkin_json", bytes);
    expect([find(), memory.own]).toEqual([true, expect.objectContaining({ placed: expect.anything() })]);
  });

  it("of Zipkin protobuf", () => {
    const [traceId, id, parentId] = [bytesOf(span.traceId), bytesOf(span.id), bytesOf(span.parentId)];
    const localEndpoint = { ...span.localEndpoint, ipv4: Buffer.from([10, 0, 0, 1]) };
    const made = { ...span, traceId, id, parentId, localEndpoint, kind: 2 };
    const bytes = new Uint8Array(List.encode(List.fromObject({ spans: [made] })).finish());
    const memory = new MappingMemory(KEY_USES.zipkin_protobuf);
    const find = () => {
      const cursor = new LenientCursor(bytes);
      cursor.next(0, bytes.length);
      return new ProtobufParts(cursor, limits, memory).find(cursor.start, cursor.end);
    };
    expect([find(), memory.own]).toEqual([true, undefined]);
    readWith(memory, "zipkin_protobuf", bytes);
    expect([find(), memory.own]).toEqual([true, expect.objectContaining({ placed: expect.anything() })]);
  });

  it("of Jaeger thrift", () => {
    const out = new BinaryWriter();
    const string = (name: string, value: string) => ({ key: name, value: { type: "string" as const, value } });
    const { traceId, id: spanId, parentId } = span;
    const jaeger = {
      traceId,
      spanId,
      operationName: span.name,
      references: [
        { type: "child_of" as const, traceId, spanId: parentId },
        { type: "follows_from" as const, traceId, spanId: "00000000000000aa" },
      ],
      flags: 1,
      startTimeUnixNano: 1_700_000_000_000_000_000n,
      durationNano: 1_500_000n,
      tags: [string("span.kind", "server"), { key: "http.status_code", value: { type: "int" as const, value: 200n } }],
      logs: [{ timeUnixNano: 1_700_000_000_000_100_000n, fields: [string("event", "cache miss"), string("key", "7")] }],
    };
    writeBatch(out, { process: { serviceName: "", tags: [] }, spans: [jaeger] });
    const bytes = out.finish();
    // Behind the header of the field of spans, which is the first list, and that of the list.
    const begin = bytes.indexOf(0x0f) + 3 + 5;
    const memory = new MappingMemory(KEY_USES.jaeger_thrift);
    const find = () => new BinaryParts(bytes, limits, memory).find(begin);
    expect([find(), memory.own]).toEqual([bytes.length - 1, undefined]);
    readWith(memory, "jaeger_thrift", bytes);
    expect([find(), memory.own]).toEqual([bytes.length - 1, expect.objectContaining({ placed: expect.anything() })]);
  });
});
