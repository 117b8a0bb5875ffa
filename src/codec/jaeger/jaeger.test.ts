import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CompactWriter } from "../../../test/support/compact-writer.ts";
import { mappedTraces } from "../../../test/support/mapped-spans.ts";
import {
  arbitraryRecord,
  bareRecord,
  comparableSet,
  fixtureRecords,
  recordsOf,
} from "../../../test/support/mapping-records.ts";
import type { KeyValue } from "../../model/any-value.ts";
import { SPAN_KIND, type Span, type SpanRecord, type TracesData } from "../../model/span.ts";
import { toTracesData } from "../mapping/placed-span.ts";
import { BinaryWriter } from "../thrift/binary.ts";
import { fromJaegerProcess, fromJaegerSpan } from "./from-jaeger.ts";
import type { JaegerBatch, JaegerSpan, JaegerTag } from "./model.ts";
import { writeBatch } from "./thrift-batch.ts";
import { toJaegerBatches } from "./to-jaeger.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const PARENT = "00f067aa0ba902b7";

type Protocol = "binary" | "compact";

function fromBatches(batches: readonly JaegerBatch[], protocol: Protocol = "binary"): TracesData {
  const bodies = batches.map((batch) => {
    const writer = protocol === "binary" ? new BinaryWriter() : new CompactWriter();
    writeBatch(writer, batch);
    return writer.finish();
  });
  return mappedTraces(protocol === "binary" ? "jaeger_thrift" : "jaeger_thrift_compact", ...bodies);
}

/** Without a form in between. */
function fromModel(batches: readonly JaegerBatch[]): TracesData {
  const placed = batches.flatMap(({ process, spans }) =>
    spans.map((span) => ({ ...fromJaegerSpan(span), ...fromJaegerProcess(process) })),
  );
  return toTracesData(placed);
}

function roundTrip(records: readonly SpanRecord[], protocol: Protocol): SpanRecord[] {
  return recordsOf(fromBatches(toJaegerBatches(records), protocol));
}

function str(key: string, value: string): KeyValue & JaegerTag {
  return { key, value: { type: "string", value } };
}

function int(key: string, value: number): KeyValue & JaegerTag {
  return { key, value: { type: "int", value: BigInt(value) } };
}

function bool(key: string, value: boolean): KeyValue & JaegerTag {
  return { key, value: { type: "bool", value } };
}

function record(span: Partial<Span>, resource: KeyValue[] = [str("service.name", "shop")]): SpanRecord {
  const named = resource.find((item) => item.key === "service.name")?.value.type === "string";
  return bareRecord(
    {
      traceId: TRACE,
      spanId: SPAN,
      flags: 0x101,
      name: "op",
      kind: SPAN_KIND.internal,
      startTimeUnixNano: 1_700_000_000_000_001_999n,
      endTimeUnixNano: 1_700_000_000_000_005_000n,
      ...span,
    },
    { resource, service: named ? "shop" : "unknown_service" },
  );
}

function written(span: Partial<Span>): JaegerSpan {
  return toJaegerBatches([record(span)])[0]?.spans[0] as JaegerSpan;
}

function readBack(span: Partial<JaegerSpan>): Span {
  const jaeger: JaegerSpan = {
    traceId: TRACE,
    spanId: SPAN,
    operationName: "op",
    references: [],
    flags: 1,
    startTimeUnixNano: 1_000_000n,
    durationNano: 5_000n,
    tags: [],
    logs: [],
    ...span,
  };
  const [back] = recordsOf(fromBatches([{ process: { serviceName: "shop", tags: [] }, spans: [jaeger] }]));
  return (back as SpanRecord).span;
}

describe("OTLP → Jaeger", () => {
  it("maps a server span that failed to the tags that Jaeger knows, and needs no reserved tag", () => {
    const jaeger = written({
      kind: SPAN_KIND.server,
      parentSpanId: PARENT,
      traceState: "a=1",
      status: { code: 2, message: "boom" },
      attributes: [int("n", 7)],
      droppedLinksCount: 3,
    });
    expect(jaeger).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      operationName: "op",
      references: [{ type: "child_of", traceId: TRACE, spanId: PARENT }],
      flags: 0x101,
      startTimeUnixNano: 1_700_000_000_000_001_000n,
      durationNano: 4_000n,
      tags: [
        str("otel.status_code", "ERROR"),
        str("w3c.tracestate", "a=1"),
        int("otel.dropped_links_count", 3),
        str("span.kind", "server"),
        str("otel.status_description", "boom"),
        bool("error", true),
        int("n", 7),
      ],
      logs: [],
    });
  });

  it("omits INTERNAL and tells UNSPECIFIED apart in the reserved tag alone", () => {
    expect(written({ kind: SPAN_KIND.internal }).tags).toEqual([]);
    expect(written({ kind: SPAN_KIND.unspecified }).tags).toEqual([str("spanloom.otlp", '{"kind":0}')]);
  });

  it("has one process a distinct resource, with hostname and without service.name", () => {
    const other = [str("service.name", "shop"), str("host.name", "h2"), int("process.pid", 9)];
    const batches = toJaegerBatches([record({}), record({}, other), record({}), record({}, [...other])]);
    expect(batches.map((batch) => [batch.process, batch.spans.length])).toEqual([
      [{ serviceName: "shop", tags: [] }, 2],
      [{ serviceName: "shop", tags: [str("hostname", "h2"), int("process.pid", 9)] }, 2],
    ]);
  });

  it("calls a resource without a service unknown_service, and gives none back", () => {
    const batches = toJaegerBatches([record({}, [str("team", "money")])]);
    expect(batches[0]?.process.serviceName).toBe("unknown_service");
    expect(fromBatches(batches)[0]?.resource.attributes).toEqual([str("team", "money")]);
  });

  it("does not let a scope's version leak into the next scope", () => {
    const versioned = { ...record({}), scope: { name: "a", version: "1", attributes: [], droppedAttributesCount: 0 } };
    const bare = { ...record({}), scope: { name: "b", version: "", attributes: [], droppedAttributesCount: 0 } };
    const back = fromBatches(toJaegerBatches([versioned, bare]));
    expect(back[0]?.scopeSpans.map((scope) => [scope.scope.name, scope.scope.version])).toEqual([
      ["a", "1"],
      ["b", ""],
    ]);
  });

  it("writes the text of arrays and restores them from it, so a redacted value stays redacted", () => {
    const array: KeyValue = {
      key: "args",
      value: {
        type: "array",
        value: [
          { type: "string", value: "secret" },
          { type: "int", value: 2n ** 60n },
        ],
      },
    };
    const jaeger = written({ attributes: [array] });
    expect(jaeger.tags).toEqual([
      str("args", '["secret",1152921504606846976]'),
      str("spanloom.otlp", '{"attributes":{"array":["args"]}}'),
    ]);
    expect(readBack({ tags: jaeger.tags }).attributes).toEqual([array]);
    const redacted = jaeger.tags.map((tag) => (tag.key === "args" ? str("args", "****") : tag));
    expect(readBack({ tags: redacted }).attributes).toEqual([str("args", "****")]);
  });

  it("puts links after the parent and keeps their reference type", () => {
    const link = {
      traceId: TRACE,
      spanId: PARENT,
      traceState: "",
      attributes: [],
      droppedAttributesCount: 0,
      flags: 0,
    };
    const follows = { ...link, attributes: [str("opentracing.ref_type", "follows_from")] };
    const childOf = { ...link, traceId: "1".repeat(32), attributes: [str("opentracing.ref_type", "child_of")] };
    const jaeger = written({ parentSpanId: PARENT, links: [follows, childOf] });
    expect(jaeger.references.map((ref) => [ref.type, ref.traceId, ref.spanId])).toEqual([
      ["child_of", TRACE, PARENT],
      ["follows_from", TRACE, PARENT],
      ["child_of", "1".repeat(32), PARENT],
    ]);
    expect(jaeger.tags).toEqual([]);
    expect(readBack({ references: jaeger.references }).links).toEqual([follows, childOf]);
  });

  it("writes no negative duration", () => {
    expect(written({ endTimeUnixNano: 5n }).durationNano).toBe(0n);
  });
});

describe("Jaeger → OTLP", () => {
  it.each([
    ["error=true wins over the code", [bool("error", true), str("otel.status_code", "OK")], 2, ""],
    ["its description", [bool("error", true), str("otel.status_description", "x")], 2, "x"],
    ["HTTP's message where there is none", [bool("error", true), str("http.status_message", "Gone")], 2, "Gone"],
    ["OK is Ok", [str("otel.status_code", "OK")], 1, ""],
    ["ERROR is Error", [str("otel.status_code", "ERROR")], 2, ""],
    ["either case", [str("otel.status_code", "ok")], 1, ""],
    ["4xx of a client", [str("span.kind", "client"), int("http.status_code", 404)], 2, ""],
    ["4xx of a server", [str("span.kind", "server"), int("http.status_code", 404)], 0, ""],
    ["5xx of a server", [str("span.kind", "server"), str("http.status_code", "503")], 2, ""],
    ["a code beats HTTP", [str("otel.status_code", "OK"), int("http.status_code", 500)], 1, ""],
    ["error=false says nothing", [bool("error", false)], 0, ""],
  ] as const)("status: %s", (_name, tags, code, message) => {
    expect(readBack({ tags }).status).toEqual({ code, message });
  });

  it("takes the mapped tags out and leaves the others", () => {
    const span = readBack({
      tags: [
        str("span.kind", "producer"),
        str("otel.scope.name", "lib"),
        str("w3c.tracestate", "a=1"),
        str("rest", "x"),
      ],
    });
    expect(span.kind).toBe(SPAN_KIND.producer);
    expect(span.traceState).toBe("a=1");
    expect(span.attributes).toEqual([str("rest", "x")]);
  });

  it("reads otel.library.* as the scope", () => {
    const span = { tags: [str("otel.library.name", "lib"), str("otel.library.version", "2")] };
    const jaeger = { ...written({}), ...span };
    const [rs] = fromModel([{ process: { serviceName: "", tags: [] }, spans: [jaeger] }]);
    expect(rs?.scopeSpans[0]?.scope).toMatchObject({ name: "lib", version: "2" });
    expect(rs?.scopeSpans[0]?.spans[0]?.attributes).toEqual([]);
    expect(rs?.resource.attributes).toEqual([str("service.name", "missing-service-name")]);
  });

  it("turns the debug flag into sampling.priority and back", () => {
    const span = readBack({ flags: 3 });
    expect(span.attributes).toEqual([int("sampling.priority", 1)]);
    expect(written({ flags: span.flags, attributes: span.attributes }).flags).toBe(3);
  });

  it("finds the parent in the references, and clamps times that OTLP cannot hold", () => {
    const references = [
      { type: "follows_from", traceId: TRACE, spanId: "1111111111111111" },
      { type: "child_of", traceId: TRACE, spanId: PARENT },
    ] as const;
    const jaeger = { ...written({}), references, startTimeUnixNano: -5n, durationNano: 2n ** 70n };
    const { span } = recordsOf(
      fromModel([{ process: { serviceName: "s", tags: [] }, spans: [jaeger] }]),
    )[0] as SpanRecord;
    expect(span.parentSpanId).toBe(PARENT);
    expect(span.links.map((link) => link.spanId)).toEqual(["1111111111111111"]);
    expect([span.startTimeUnixNano, span.endTimeUnixNano]).toEqual([0n, 2n ** 64n - 1n]);
  });

  it.each(["no json", "[]", '{"kind":9,"links":[{}],"status":7,"attributes":{"set":[1],"int":"x"},"flags":-1}'])(
    "ignores a reserved tag that is not ours: %s",
    (text) => {
      const plain = readBack({ tags: [str("a", "b")] });
      expect(readBack({ tags: [str("a", "b"), str("spanloom.otlp", text)] })).toEqual(plain);
    },
  );
});

describe("OTLP → Jaeger thrift → OTLP", () => {
  it.each(["node-shop", "python-shop", "telemetrygen"] as const)("loses nothing of %s", (name) => {
    for (const request of fixtureRecords(name)) {
      expect(comparableSet(roundTrip(request, "binary"))).toEqual(comparableSet(request));
    }
  });

  it("loses nothing of any record, over either protocol", () => {
    fc.assert(
      fc.property(arbitraryRecord, fc.constantFrom("binary", "compact"), (made, protocol) => {
        expect(comparableSet(roundTrip([made], protocol))).toEqual(comparableSet([made]));
      }),
      { numRuns: 200 },
    );
  });

  it("keeps nanoseconds where the form carries them", () => {
    const [back] = recordsOf(fromModel(toJaegerBatches([record({})], "nanoseconds")));
    expect(back?.span.startTimeUnixNano).toBe(1_700_000_000_000_001_999n);
  });
});
