import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMapped, zipkinTraces } from "../../../test/support/mapped-spans.ts";
import {
  arbitraryRecord,
  bareRecord,
  comparableSet,
  fixtureRecords,
  recordsOf,
} from "../../../test/support/mapping-records.ts";
import type { AnyValue, KeyValue } from "../../model/any-value.ts";
import { SPAN_KIND, SPAN_MARK, type Span, type SpanEvent, type SpanRecord } from "../../model/span.ts";
import { fromAnnotation, toAnnotation } from "./annotations.ts";
import { encodeZipkinJson } from "./json.ts";
import type { ZipkinSpan } from "./model.ts";
import { toZipkinSpans } from "./to-zipkin.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const PARENT = "00f067aa0ba902b7";

function str(key: string, value: string): KeyValue {
  return { key, value: { type: "string", value } };
}

function int(key: string, value: bigint): KeyValue {
  return { key, value: { type: "int", value } };
}

function record(span: Partial<Span>, resource: KeyValue[] = []): SpanRecord {
  return bareRecord(
    {
      traceId: TRACE,
      spanId: SPAN,
      name: "GET /Things",
      kind: SPAN_KIND.internal,
      startTimeUnixNano: 1_700_000_000_000_001_999n,
      endTimeUnixNano: 1_700_000_000_000_005_000n,
      ...span,
    },
    { resource: [str("service.name", "Shop"), ...resource], service: "Shop" },
  );
}

function written(span: Partial<Span>, resource: KeyValue[] = []): ZipkinSpan {
  return toZipkinSpans([record(span, resource)])[0] as ZipkinSpan;
}

function read(span: object): SpanRecord {
  const body = Buffer.from(JSON.stringify([{ traceId: TRACE, id: SPAN, ...span }]));
  return recordsOf(zipkinTraces(body))[0] as SpanRecord;
}

function roundTrip(records: readonly SpanRecord[]): SpanRecord[] {
  return recordsOf(zipkinTraces(encodeZipkinJson(toZipkinSpans(records))));
}

/** What Zipkin's own reader refuses (zipkin2.Span.Builder, zipkin2.internal.V2SpanReader). */
function expectZipkinAccepts(span: ZipkinSpan): void {
  const json = JSON.parse(JSON.stringify(span)) as Record<string, unknown>;
  expect(json.traceId).toMatch(/^(?!0+$)(?:[0-9a-f]{16}|[0-9a-f]{32})$/);
  expect(json.id).toMatch(/^(?!0+$)[0-9a-f]{16}$/);
  if ("parentId" in json) expect(json.parentId).toMatch(/^(?!0+$)[0-9a-f]{16}$/);
  if ("kind" in json) expect(["CLIENT", "SERVER", "PRODUCER", "CONSUMER"]).toContain(json.kind);
  for (const key of ["timestamp", "duration"]) {
    if (key in json) expect(Number.isInteger(json[key]) && (json[key] as number) >= 1).toBe(true);
  }
  for (const annotation of span.annotations ?? []) {
    expect(Number.isInteger(annotation.timestamp) && annotation.timestamp >= 1).toBe(true);
    expect(typeof annotation.value).toBe("string");
  }
  for (const value of Object.values(span.tags ?? {})) expect(typeof value).toBe("string");
  expect(Object.values(json)).not.toContain(null);
  for (const endpoint of [json.localEndpoint, json.remoteEndpoint]) {
    expect(Object.values(endpoint ?? {})).not.toContain(null);
  }
}

describe("OTLP → Zipkin", () => {
  it("maps every field of a client span", () => {
    const span = written(
      {
        kind: SPAN_KIND.client,
        parentSpanId: PARENT,
        traceState: "a=1",
        status: { code: 2, message: "refused" },
        attributes: [
          str("peer.service", "orders"),
          str("network.peer.address", "10.1.2.3"),
          int("network.peer.port", 8080n),
        ],
        events: [
          { timeUnixNano: 1_700_000_000_000_003_000n, name: "retry", attributes: [], droppedAttributesCount: 0 },
        ],
      },
      [str("service.version", "2"), str("host.name", "h1")],
    );
    expect(span).toEqual({
      traceId: TRACE,
      id: SPAN,
      parentId: PARENT,
      name: "GET /Things",
      kind: "CLIENT",
      timestamp: 1_700_000_000_000_001,
      duration: 4,
      localEndpoint: { serviceName: "Shop" },
      remoteEndpoint: { serviceName: "orders", ipv4: "10.1.2.3", port: 8080 },
      annotations: [{ timestamp: 1_700_000_000_000_003, value: "retry" }],
      tags: {
        "service.version": "2",
        "host.name": "h1",
        "peer.service": "orders",
        "network.peer.address": "10.1.2.3",
        "network.peer.port": "8080",
        "otel.status_code": "ERROR",
        "w3c.tracestate": "a=1",
        error: "refused",
        "spanloom.otlp": '{"attributes":{"int":["network.peer.port"]}}',
      },
    });
  });

  it.each([
    ["server", "SERVER"],
    ["client", "CLIENT"],
    ["producer", "PRODUCER"],
    ["consumer", "CONSUMER"],
  ] as const)("has the kind %s as the field %s, and reads it back", (kind, field) => {
    const span = written({ kind: SPAN_KIND[kind] });
    expect(span.kind).toBe(field);
    expect(span.tags).toBeUndefined();
    expect(read({ kind: field }).span.kind).toBe(SPAN_KIND[kind]);
  });

  it("has no kind for internal spans, and tells the unspecified from them in its reserved tag", () => {
    expect(written({ kind: SPAN_KIND.internal })).not.toHaveProperty("kind");
    const unspecified = written({ kind: SPAN_KIND.unspecified });
    expect(unspecified).not.toHaveProperty("kind");
    expect(unspecified.tags).toEqual({ "spanloom.otlp": '{"kind":0}' });
    expect(read({}).span.kind).toBe(SPAN_KIND.internal);
    expect(read({ tags: { "spanloom.otlp": '{"kind":0}' } }).span.kind).toBe(SPAN_KIND.unspecified);
  });

  it("has links as JSON in its reserved tag, and reads them back with all that they hold", () => {
    const links: Span["links"] = [
      {
        traceId: "1".repeat(32),
        spanId: "2".repeat(16),
        traceState: "a=1",
        flags: 257,
        attributes: [str("why", "batch"), int("n", 2n ** 60n)],
        droppedAttributesCount: 3,
      },
      { traceId: TRACE, spanId: PARENT, traceState: "", flags: 0, attributes: [], droppedAttributesCount: 0 },
    ];
    const consumer = written({ kind: SPAN_KIND.consumer, links });
    expect(Object.keys(consumer.tags ?? {})).toEqual(["spanloom.otlp"]);
    const { links: told } = JSON.parse(consumer.tags?.["spanloom.otlp"] ?? "") as { links: object[] };
    expect(told).toMatchObject([
      { traceId: "1".repeat(32), spanId: "2".repeat(16), traceState: "a=1", flags: 257 },
      { traceId: TRACE, spanId: PARENT },
    ]);
    expect(read({ kind: "CONSUMER", tags: consumer.tags }).span.links).toEqual(links);
  });

  it("leaves out what a span does not have", () => {
    expect(written({})).toEqual({
      traceId: TRACE,
      id: SPAN,
      name: "GET /Things",
      timestamp: 1_700_000_000_000_001,
      duration: 4,
      localEndpoint: { serviceName: "Shop" },
    });
  });

  it("has an error tag on failed spans only, empty where nothing was said", () => {
    expect(written({ status: { code: 2, message: "" } }).tags?.error).toBe("");
    expect(written({ status: { code: 1, message: "fine" } }).tags).not.toHaveProperty("error");
    expect(written({ attributes: [str("error", "false")] }).tags).not.toHaveProperty("error");
  });

  it.each([
    [[str("server.address", "db"), str("peer.service", "orders")], { serviceName: "orders" }],
    [[str("net.peer.name", "n"), str("server.address", "s")], { serviceName: "s" }],
    [[str("network.peer.address", "::1"), int("network.peer.port", 99999n)], { ipv6: "::1" }],
    [[str("network.peer.address", "/run/db.sock"), str("db.name", "d")], { serviceName: "/run/db.sock" }],
    [[str("network.peer.address", "10.0.0.1"), str("db.name", "d")], { ipv4: "10.0.0.1" }],
    [[str("db.name", "d")], { serviceName: "d" }],
    [[str("other", "x")], undefined],
  ])("remote endpoint by rank: case %#", (attributes, expected) => {
    expect(written({ kind: SPAN_KIND.client, attributes }).remoteEndpoint).toEqual(expected);
  });

  it("does not take a server's own address for its peer", () => {
    const attributes = [str("server.address", "me"), str("network.peer.address", "10.0.0.9")];
    expect(written({ kind: SPAN_KIND.server, attributes }).remoteEndpoint).toEqual({ ipv4: "10.0.0.9" });
  });

  it("writes no time or duration that Zipkin refuses", () => {
    const none = written({ startTimeUnixNano: 0n, endTimeUnixNano: 0n });
    expect(none.timestamp).toBeUndefined();
    expect(none.duration).toBeUndefined();
    const last = 2n ** 64n - 1n;
    const odd = written({ startTimeUnixNano: last, endTimeUnixNano: last, events: [] });
    expect([odd.timestamp, odd.duration]).toEqual([undefined, undefined]);
    expect(written({ endTimeUnixNano: last }).duration).toBeUndefined();
    expect(written({ endTimeUnixNano: 5n }).duration).toBeUndefined();
  });

  it("writes what Zipkin's reader accepts, whatever comes", () => {
    fc.assert(
      fc.property(arbitraryRecord, (made) => expectZipkinAccepts(toZipkinSpans([made])[0] as ZipkinSpan)),
      { numRuns: 200 },
    );
  });
});

describe("annotations", () => {
  const event = (name: string, attributes: KeyValue[] = []): SpanEvent => ({
    timeUnixNano: 5_000n,
    name,
    attributes,
    droppedAttributesCount: 0,
  });

  it("hold the name alone, or the name and the attributes as JSON", () => {
    expect(toAnnotation(event("a|b"), 1)).toEqual({ timestamp: 5, value: "a|b" });
    expect(toAnnotation(event('x "y"', [str("k", "v"), int("n", 2n ** 60n)]), 1)).toEqual({
      timestamp: 5,
      value: '"x \\"y\\"": {"k":"v","n":1152921504606846976}',
    });
  });

  it("come back as written by others, with integers above 2^53", () => {
    const back = fromAnnotation({
      timestamp: 7,
      value: '"my-event": { "key1" : "v|1", "n": 9007199254740993, "d": 1.5 }',
    });
    expect(back).toEqual({
      timeUnixNano: 7_000n,
      name: "my-event",
      attributes: [
        str("key1", "v|1"),
        int("n", 9007199254740993n),
        { key: "d", value: { type: "double", value: 1.5 } as AnyValue },
      ],
      droppedAttributesCount: 0,
    });
  });

  it.each(['"cut": {', '"two": {}, "x": {}', '"no object": 1', '"', "a|{}|3"])(
    "are just names otherwise: %s",
    (value) => {
      expect(fromAnnotation({ timestamp: 7, value })).toMatchObject({ name: value, attributes: [] });
    },
  );
});

describe("Zipkin → OTLP", () => {
  it.each([
    ["", 2, ""],
    ["true", 2, ""],
    ["timeout", 2, "timeout"],
    ["false", 0, ""],
  ])("error %j", (error, code, message) => {
    expect(read({ tags: { error } }).span.status).toEqual({ code, message });
  });

  it("reads OK and ERROR", () => {
    expect(read({ tags: { "otel.status_code": "OK" } }).span.status.code).toBe(1);
    expect(read({ tags: { "otel.status_code": "ERROR" } }).span.status.code).toBe(2);
  });

  it("pads short ids and drops a parent that is the span itself", () => {
    const { span } = read({ traceId: "AB", id: "1", parentId: "0000000000000001" });
    expect([span.traceId, span.spanId, span.parentSpanId]).toEqual(["ab".padStart(32, "0"), "1".padStart(16, "0"), ""]);
  });

  it("hoists known resource keys, and keeps each span's own", () => {
    const spans = [
      { traceId: TRACE, id: "1", localEndpoint: { serviceName: "s" }, tags: { "host.name": "a", x: "1" } },
      { traceId: TRACE, id: "2", localEndpoint: { serviceName: "s" }, tags: { "host.name": "b" } },
    ];
    const traces = zipkinTraces(Buffer.from(JSON.stringify(spans)));
    expect(traces.map((rs) => rs.resource.attributes)).toEqual([
      [str("service.name", "s"), str("host.name", "a")],
      [str("service.name", "s"), str("host.name", "b")],
    ]);
    expect(traces[0]?.scopeSpans[0]?.spans[0]?.attributes).toEqual([str("x", "1")]);
  });

  it("keeps endpoints, shared and debug, and gives them back", () => {
    const zipkin = {
      kind: "SERVER",
      timestamp: 1_000_000,
      duration: 5,
      localEndpoint: { serviceName: "s", ipv4: "10.0.0.1", port: 80 },
      remoteEndpoint: { serviceName: "caller", ipv6: "::1", port: 4000 },
      shared: true,
      debug: true,
    };
    const back = read(zipkin);
    expect(back.span.attributes).toEqual(
      expect.arrayContaining([
        str("network.local.address", "10.0.0.1"),
        int("network.local.port", 80n),
        str("peer.service", "caller"),
        str("network.peer.address", "::1"),
        int("network.peer.port", 4000n),
        int("sampling.priority", 1n),
      ]),
    );
    expect(toZipkinSpans([back])[0]).toMatchObject(zipkin);
  });

  it("starts a span without a timestamp at its first annotation", () => {
    const annotations = [
      { timestamp: 30, value: "b" },
      { timestamp: 20, value: "a" },
    ];
    expect(read({ annotations }).span.startTimeUnixNano).toBe(20_000n);
  });

  it("takes numbers and booleans in tags as text, exactly, and null as empty", () => {
    const json = `[{"traceId":"${TRACE}","id":"${SPAN}","name":null,"parentId":null,
      "tags":{"a":9007199254740993,"b":true,"c":null,"d":1.50,"e":{"f":[1]},"__proto__":"x"}}]`;
    const { traces, marks, message } = readMapped("zipkin_json", Buffer.from(json));
    expect(message).toBe("");
    expect(recordsOf(traces)[0]?.span.attributes).toEqual([
      str("a", "9007199254740993"),
      str("b", "true"),
      str("c", ""),
      str("d", "1.50"),
      str("e", '{"f":[1]}'),
      str("__proto__", "x"),
    ]);
    expect(marks).toEqual([SPAN_MARK.mended]);
  });

  it.each([
    ["{", /malformed JSON at line 1, column 2/],
    ["{}", /expected an array of spans, found {}/],
    ['[{"traceId":"1","id":"1"},]', /malformed JSON at line 1, column 27: expected a value/],
  ])("refuses the body %s", (body, message) => {
    expect(() => readMapped("zipkin_json", Buffer.from(body))).toThrow(message);
  });
});

describe("OTLP → Zipkin JSON → OTLP", () => {
  it.each(["node-shop", "python-shop", "telemetrygen"] as const)("loses nothing of %s", (name) => {
    for (const request of fixtureRecords(name)) {
      const spans = toZipkinSpans(request);
      for (const span of spans) expectZipkinAccepts(span);
      expect(comparableSet(roundTrip(request))).toEqual(comparableSet(request));
    }
  });

  it("loses nothing of any record", () => {
    fc.assert(
      fc.property(arbitraryRecord, (made) => {
        expect(comparableSet(roundTrip([made]))).toEqual(comparableSet([made]));
      }),
      { numRuns: 200 },
    );
  });

  it("loses nothing where a store in between sorts the tags", () => {
    fc.assert(
      fc.property(arbitraryRecord, (made) => {
        const sorted = toZipkinSpans([made]).map((span) => ({
          ...span,
          tags: Object.fromEntries(Object.entries(span.tags ?? {}).sort(([a], [b]) => (a < b ? 1 : -1))),
        }));
        expect(comparableSet(recordsOf(zipkinTraces(encodeZipkinJson(sorted))))).toEqual(comparableSet([made]));
      }),
      { numRuns: 100 },
    );
  });
});
