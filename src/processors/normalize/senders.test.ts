import { describe, expect, it } from "vitest";
import { serviceWith, spanWith, textAttribute } from "../../../test/support/otlp-spans.ts";
import { decodeTraces } from "../../codec/otlp/message/decode.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { WireWriter } from "../../codec/otlp/wire/wire-writer.ts";
import { Metrics } from "../../component/metrics.ts";
import type { AnyValue, KeyValue } from "../../model/any-value.ts";
import { SPAN_MARK, type Span } from "../../model/span.ts";
import { serviceOf } from "../../model/span-columns.ts";
import { Normalizer } from "./normalize.ts";
import { normalizeConfig } from "./normalize-config.ts";

const TRACE = "5b8efff798038103d269b633813fc60c";
const SPAN = "eee19b7ec3c1b174";
const TIMES = { startTimeUnixNano: "1800000000000000001", endTimeUnixNano: "1800000000250000003" };
const sound = (name: string, more: object = {}) => ({ traceId: TRACE, spanId: SPAN, name, ...TIMES, ...more });

function take(body: unknown, format: "otlp_json" | "otlp_protobuf" = "otlp_json") {
  const metrics = new Metrics();
  const bytes = body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
  const normalizer = new Normalizer(normalizeConfig.parse({}), metrics);
  const batch = normalizer.normalize(format, bytes);
  const { columns } = batch.scan;
  const spans = decodeTraces(batch.body).flatMap((r) => r.scopeSpans.flatMap((s) => s.spans));
  return {
    ...batch,
    metrics,
    spans,
    names: spans.map(({ name }) => name),
    marks: [...columns.marks].map((mark) => mark & ~SPAN_MARK.serviceDefaulted),
    services: Array.from({ length: columns.count }, (_, row) => serviceOf(columns, row)),
  };
}

const request = (...spans: object[]) => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

/** What a JSON body of one sound span and one with `more` comes to; the sound one is always taken, unmarked. */
function beside(more: object) {
  const taken = take(request(sound("sound"), sound("odd", more)));
  expect(taken.names[0]).toBe("sound");
  expect(taken.marks[0]).toBe(0);
  return { ...taken, odd: taken.spans[1] as Span, mark: taken.marks[1] };
}

const readValue = (value: unknown) => {
  const { odd, mark } = beside({ attributes: [{ key: "k", value }] });
  return [odd.attributes[0]?.value, mark];
};

describe("OTLP/JSON as people's senders write it", () => {
  it("64-bit integers as low and high bits, to the nanosecond, also signed", () => {
    const { odd, mark } = beside({
      startTimeUnixNano: { low: 1_879_048_193, high: 419_095_159 },
      endTimeUnixNano: { low: -1_879_048_193, high: 419_095_159, unsigned: true },
    });
    expect(odd.startTimeUnixNano).toBe(419_095_159n * 2n ** 32n + 1_879_048_193n);
    expect(odd.endTimeUnixNano).toBe(419_095_159n * 2n ** 32n + (2n ** 32n - 1_879_048_193n));
    expect(mark).toBe(0);
    expect(readValue({ intValue: { low: -2, high: -1 } })).toEqual([{ type: "int", value: -2n }, 0]);
    expect(readValue({ intValue: { low: 0, high: -1 } })).toEqual([{ type: "int", value: -(2n ** 32n) }, 0]);
  });

  it.each([
    [-1, 0],
    [4_294_967_296, 4_294_967_295],
    [2.5, 2],
    ["-3", 0],
    ["many", 0],
    [true, 0],
  ])("a count of %j clamps to %i and marks the span", (given, read) => {
    const { odd, mark } = beside({
      droppedAttributesCount: given,
      droppedEventsCount: given,
      droppedLinksCount: given,
      flags: given,
    });
    expect([odd.droppedAttributesCount, odd.droppedEventsCount, odd.droppedLinksCount, odd.flags]).toEqual([
      ...[read, read, read, read],
    ]);
    expect(mark).toBe(SPAN_MARK.mended);
  });

  const bytes = (...value: number[]): AnyValue => ({ type: "bytes", value: Uint8Array.from(value) });
  const text = (value: string): AnyValue => ({ type: "string", value });
  const { mended } = SPAN_MARK;
  it.each<[unknown, AnyValue | undefined, number]>([
    [{ bytesValue: { 0: 7, 1: 254, 2: 0 } }, bytes(7, 254, 0), 0],
    [{ bytesValue: [7, 254] }, bytes(7, 254), 0],
    [{ bytesValue: { type: "Buffer", data: [7, 254] } }, bytes(7, 254), 0],
    [{ bytesValue: {} }, bytes(), 0],
    [{ bytesValue: [7, 256] }, { type: "empty" }, mended],
    [{ bytesValue: { 1: 7 } }, { type: "empty" }, mended],
    [{ bytesValue: "not base64!" }, text("not base64!"), mended],
    ["bare", text("bare"), mended],
    [12, { type: "int", value: 12n }, mended],
    [0.25, { type: "double", value: 0.25 }, mended],
    [false, { type: "bool", value: false }, mended],
    [["a", 1], { type: "array", value: [text("a"), { type: "int", value: 1n }] }, mended],
    [{ stringValue: 12.5 }, text("12.5"), mended],
    [{ stringValue: { a: 1 } }, { type: "empty" }, mended],
    [{ boolValue: "true" }, { type: "bool", value: true }, mended],
    [{ boolValue: 1 }, { type: "int", value: 1n }, mended],
    [{ intValue: "twelve" }, text("twelve"), mended],
    [{ intValue: true }, { type: "bool", value: true }, mended],
    [{ doubleValue: "fast" }, text("fast"), mended],
    [{ arrayValue: [{ intValue: 1 }] }, { type: "array", value: [{ type: "int", value: 1n }] }, mended],
    [{ arrayValue: { values: { a: 1 } } }, { type: "array", value: [] }, mended],
    [{ kvlistValue: { values: [7, { key: "a", value: 1 }] } }, undefined, mended],
    [{ Value: { StringValue: "x" } }, { type: "empty" }, mended],
    [{}, { type: "empty" }, 0],
    [{ intValue: null, stringValue: "x" }, text("x"), 0],
    [{ string_value: "snake" }, text("snake"), 0],
  ])("the value %j", (json, value, mark) => {
    const [found, marked] = readValue(json);
    if (value !== undefined) expect(found).toEqual(value);
    expect(marked).toBe(mark);
  });

  it("snake_case all through", () => {
    const taken = take({
      resource_spans: [
        {
          resource: { attributes: [{ key: "service.name", value: { string_value: "till" } }] },
          scope_spans: [
            {
              scope: { name: "lib" },
              spans: [
                {
                  trace_id: TRACE,
                  span_id: SPAN,
                  parent_span_id: "",
                  name: "cpp",
                  start_time_unix_nano: 1_800_000_000_000_000_000,
                  end_time_unix_nano: "1800000000250000003",
                  attributes: [{ key: "n", value: { int_value: "3" } }],
                  dropped_attributes_count: 2,
                  status: { code: 1 },
                },
              ],
            },
          ],
        },
      ],
    });
    expect(taken.services).toEqual(["till"]);
    expect(taken.spans[0]).toMatchObject({
      name: "cpp",
      parentSpanId: "",
      startTimeUnixNano: 1_800_000_000_000_000_000n,
      attributes: [{ key: "n", value: { type: "int", value: 3n } }],
      droppedAttributesCount: 2,
      status: { code: 1 },
    });
    expect([taken.marks, taken.message]).toEqual([[0], ""]);
  });

  it.each([
    ["SPAN_KIND_SERVER", "STATUS_CODE_ERROR", 2, 2, 0],
    ["consumer", "Ok", 5, 1, 0],
    ["3", "2", 3, 2, 0],
    ["SPAN_KIND_OTHER", "STATUS_CODE_ERROR", 0, 2, SPAN_MARK.unknownKind],
    [2, "STATUS_CODE_ODD", 2, 0, SPAN_MARK.mended],
    [[], {}, 0, 0, SPAN_MARK.unknownKind | SPAN_MARK.mended],
    [77, 1, 0, 1, SPAN_MARK.unknownKind],
  ])("kind %j and status %j", (kind, code, readKind, readCode, mark) => {
    const taken = beside({ kind, status: { code } });
    expect([taken.odd.kind, taken.odd.status.code, taken.mark]).toEqual([readKind, readCode, mark]);
  });

  it.each([
    [
      "traceId",
      Buffer.from(TRACE, "hex").toString("base64"),
      "trace id is base64",
      "32 hex digits",
      ", which looks like base64",
    ],
    [
      "spanId",
      Buffer.from(SPAN, "hex").toString("base64"),
      "span id is base64",
      "16 hex digits",
      ", which looks like base64",
    ],
    ["traceId", "not an id", "trace id is no hex", "32 hex digits", ""],
    ["spanId", 12, "span id has the wrong type", "16 hex digits", ""],
    ["traceId", `${TRACE}00`, "trace id is longer", "32 hex digits", ""],
    ["startTimeUnixNano", "2027-01-01T00:00:00Z", "start or end time", "nanoseconds since 1970", ""],
    ["endTimeUnixNano", -5, "start or end time", "nanoseconds since 1970", ""],
    ["attributes", { a: "b" }, "a list is none", "an array", ""],
    ["events", {}, "a list is none", "an array", ""],
    ["links", "none", "a list is none", "an array", ""],
  ])("an odd %s of %j refuses that span, and the answer says where and why", (field, odd, reason, expected, more) => {
    const taken = beside({ [field]: odd });
    expect(taken.names).toEqual(["sound"]);
    expect(taken.rejected).toBe(1);
    expect(taken.message).toContain(`1 span refused: ${reason}`);
    expect(taken.message).toContain(`resourceSpans[0].scopeSpans[0].spans[1].${field}: expected ${expected}`);
    expect(taken.message.endsWith(`, found ${JSON.stringify(odd)}${more}`)).toBe(true);
  });

  it("a list inside an event or a link that is none", () => {
    expect(beside({ events: [{}, { attributes: 7 }] }).message).toContain(
      "spans[1].events[1].attributes: expected an array",
    );
    expect(beside({ links: [{ attributes: {} }] }).message).toContain(
      "spans[1].links[0].attributes: expected an array",
    );
  });

  it("times without an end, or of zeros, are taken", () => {
    const taken = take(
      request(sound("no end", { endTimeUnixNano: "0" }), sound("none", { startTimeUnixNano: "0", endTimeUnixNano: 0 })),
    );
    expect(taken.names).toEqual(["no end", "none"]);
    expect(taken.marks.map((mark) => mark & SPAN_MARK.impossibleTime)).toEqual([2, 2]);
  });

  it("a value nested 150 deep is cut and marked", () => {
    let value: unknown = { stringValue: "bottom" };
    for (let i = 0; i < 150; i++) value = { arrayValue: { values: [value] } };
    const taken = beside({ attributes: [{ key: "deep", value }] });
    expect([taken.names, taken.mark, taken.rejected]).toEqual([["sound", "odd"], SPAN_MARK.mended, 0]);
  });

  it("a resource that is odd marks its spans, and the answer says what is left out", () => {
    const taken = take({
      resourceSpans: [{ resource: { attributes: { "service.name": "x" } }, scopeSpans: [{ spans: [sound("one")] }] }],
    });
    expect([taken.names, taken.marks, taken.rejected]).toEqual([["one"], [SPAN_MARK.mended], 0]);
    expect(taken.message).toBe(
      'resourceSpans[0].resource.attributes: expected an array, found {"service.name":"x"}; it is left out',
    );
  });

  it("members in any order", () => {
    const taken = take({
      resourceSpans: [
        {
          scopeSpans: [{ spans: [sound("one")], scope: { name: "late" } }],
          schemaUrl: "s",
          resource: { attributes: [{ value: { stringValue: "till" }, key: "service.name" }] },
        },
      ],
    });
    expect([taken.services, taken.marks]).toEqual([["till"], [0]]);
    expect(decodeTraces(taken.body)[0]).toMatchObject({ schemaUrl: "s", scopeSpans: [{ scope: { name: "late" } }] });
  });

  it("an odd value of 40 MB is told in a few words", () => {
    const taken = beside({ traceId: [["x".repeat(1_000)], "y".repeat(100_000)] });
    expect(taken.message.length).toBeLessThan(400);
    expect(() => take(Buffer.from(`[${"[".repeat(1_000_000)}`))).toThrow(
      /^not readable as OTLP\/JSON: malformed JSON at line 1/,
    );
    expect(() => take(Buffer.from(`"${"x".repeat(1_000_000)}"`))).toThrow(/^.{1,200}$/);
  });
});

describe("names", () => {
  it("have a limit: 11 event names, span and service names of 1 MB, from JSON and from protobuf", () => {
    const long = "n".repeat(1_000_000);
    const json = {
      resourceSpans: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: long } }] },
          scopeSpans: [{ spans: [sound(long, { events: Array.from({ length: 11 }, () => ({ name: long })) })] }],
        },
      ],
    };
    const events = Array.from({ length: 11 }, () => {
      return { timeUnixNano: 0n, name: long, attributes: [], droppedAttributesCount: 0 };
    });
    const protobuf = encodeTraces([serviceWith(long, [spanWith({ name: long, events })])]);
    for (const taken of [take(json), take(protobuf, "otlp_protobuf")]) {
      const [span] = taken.spans;
      expect([taken.services[0]?.length, span?.name.length]).toEqual([4_096, 4_096]);
      expect(span?.events.map(({ name }) => name.length)).toEqual(Array.from({ length: 11 }, () => 4_096));
      expect(taken.body.length).toBeLessThan(100_000);
      expect(taken.marks).toEqual([SPAN_MARK.mended]);
    }
  });
});

describe("lists", () => {
  it("are cut as a whole, nested ones too, and what fits stays", () => {
    const item = { stringValue: "x".repeat(100_000) };
    const list = (...values: unknown[]) => ({ arrayValue: { values } });
    const nested = list(list(...Array.from({ length: 30 }, () => item)), item);
    const { odd, mark } = beside({ attributes: [{ key: "k", value: nested }] });
    const inner = (value: AnyValue | undefined) => (value?.type === "array" ? value.value : []);
    const [first, ...others] = inner(odd.attributes[0]?.value);
    expect([inner(first).length, others.length, mark]).toEqual([10, 0, SPAN_MARK.mended]);
    const again = take(
      encodeTraces([serviceWith("shop", [spanWith({ attributes: odd.attributes })])]),
      "otlp_protobuf",
    );
    expect(again.marks).toEqual([0]);
    const long = { ...odd.attributes[0], value: { type: "array", value: [first, ...inner(first)] } } as KeyValue;
    const mended = take(encodeTraces([serviceWith("shop", [spanWith({ attributes: [long] })])]), "otlp_protobuf");
    expect(mended.marks).toEqual([SPAN_MARK.mended]);
    expect(inner(inner(mended.spans[0]?.attributes[0]?.value)[0]).length).toBe(10);
  });
});

describe("requests that come to nothing", () => {
  it.each([
    [{}, ""],
    [{ resourceSpans: [] }, ""],
    [{ foo: 1 }, 'no spans were found in 9 bytes; expected resourceSpans, scopeSpans and spans, found "foo"'],
    [{ resource_span: [] }, 'found "resource_span"'],
    [{ resourceSpans: [{ scopeSpan: [] }] }, 'found "resourceSpans[0].scopeSpan"'],
    [{ resourceSpans: [{ scopeSpans: [{ span: [] }] }] }, 'found "resourceSpans[0].scopeSpans[0].span"'],
    [{ resourceSpans: [{ scopeSpans: [] }] }, "no spans were found in 37 bytes"],
  ])("%j", (body, message) => {
    const taken = take(body);
    expect([taken.spans, taken.rejected]).toEqual([[], 0]);
    if (message === "") expect(taken.message).toBe("");
    else expect(taken.message).toContain(message);
    const counted = taken.metrics.snapshot().find(({ name }) => name === "spanloom_normalize_spanless_requests_total");
    expect(counted?.value ?? 0).toBe(message === "" ? 0 : 1);
  });

  it("bytes of protobuf without a span, and none", () => {
    const unknown = new WireWriter();
    unknown.text(0x3a2, "unknown");
    expect(take(unknown.finish(), "otlp_protobuf").message).toBe("no spans were found in 10 bytes");
    expect(take(new Uint8Array(0), "otlp_protobuf").message).toBe("");
  });
});

describe("another signal's requests", () => {
  const record = (...fields: ((w: WireWriter) => void)[]): Uint8Array => {
    const w = new WireWriter();
    const open = [w.open(0x0a), w.open(0x12), w.open(0x12)];
    for (const field of fields) field(w);
    for (const start of open.reverse()) w.close(start);
    return w.finish();
  };
  const fixed = (tag: number) => (w: WireWriter) => {
    w.tag(tag);
    w.fixed64(1_800_000_000_000_000_000n);
  };
  const data = (tag: number) => (w: WireWriter) => {
    const start = w.open(tag);
    const point = w.open(0x0a);
    fixed(0x19)(w);
    w.close(point);
    w.close(start);
  };
  const named = (name: string, description: string) => (w: WireWriter) => {
    w.text(0x0a, name);
    w.text(0x12, description);
  };
  it.each<["otlp_json" | "otlp_protobuf", string, unknown]>([
    ["otlp_json", "logs", { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "x" } }] }] }] }],
    ["otlp_json", "metrics", { resource_metrics: [] }],
    ["otlp_protobuf", "logs", record(fixed(0x09), (w) => w.text(0x1a, "INFO"))],
    ["otlp_protobuf", "logs", record((w) => w.text(0x1a, "INFO"), fixed(0x59))],
    ["otlp_protobuf", "metrics", record(named("queue.length", "how many"), data(0x2a))],
    ["otlp_protobuf", "metrics", record(named("process.cpu.time", "CPU time"), data(0x3a))],
    ["otlp_protobuf", "metrics", record(named("process.cpu.used", "CPU used"), data(0x2a))],
    ["otlp_protobuf", "metrics", record(named("request.duration", "how long"), data(0x4a))],
  ])("%s that looks like %s", (format, signal, body) => {
    const metrics = new Metrics();
    const normalizer = new Normalizer(normalizeConfig.parse({}), metrics);
    const bytes = body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
    const message = `this looks like OTLP ${signal}; here traces are taken, and ${signal} go to the path /v1/${signal}`;
    expect(() => normalizer.normalize(format, bytes)).toThrow(expect.objectContaining({ code: "malformed", message }));
    expect(() => [...normalizer.pieces(format, bytes)]).toThrow(message);
    expect(metrics.snapshot()).toContainEqual(
      expect.objectContaining({ name: "spanloom_normalize_other_signal_requests_total", labels: { signal }, value: 2 }),
    );
  });

  it("is not seen in spans without times", () => {
    const body = encodeTraces([
      serviceWith("shop", [
        spanWith({
          startTimeUnixNano: 0n,
          endTimeUnixNano: 0n,
          attributes: [textAttribute("a", "b")],
          traceId: Buffer.from("0123456789abcdef").toString("hex"),
        }),
      ]),
    ]);
    expect(take(body, "otlp_protobuf").names.length).toBe(1);
  });
});
