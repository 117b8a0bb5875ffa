import { describe, expect, it } from "vitest";
import { jaegerTraces, readMapped } from "../../../test/support/mapped-spans.ts";
import { recordsOf } from "../../../test/support/mapping-records.ts";
import { SPAN_MARK } from "../../model/span.ts";
import { DecodeError } from "../decode-error.ts";
import { DEFAULT_SPAN_LIMITS } from "../otlp/message/span-limits.ts";
import { BinaryWriter } from "../thrift/binary.ts";
import type { JaegerBatch, JaegerReference, JaegerSpan } from "./model.ts";
import { writeBatch } from "./thrift-batch.ts";

const BATCH: JaegerBatch = {
  process: { serviceName: "s", tags: [{ key: "b", value: { type: "bytes", value: new Uint8Array([1, 2]) } }] },
  spans: [
    {
      traceId: "0000000000000001fffffffffffffffe",
      spanId: "8000000000000000",
      operationName: "op",
      references: [
        { type: "child_of", traceId: "0000000000000001fffffffffffffffe", spanId: "0000000000000007" },
        { type: "follows_from", traceId: "00000000000000020000000000000003", spanId: "0000000000000004" },
      ],
      flags: 1,
      startTimeUnixNano: 1_700_000_000_000_001_000n,
      durationNano: 2_000n,
      tags: [
        { key: "l", value: { type: "int", value: -1n } },
        { key: "d", value: { type: "double", value: 0.5 } },
        { key: "t", value: { type: "bool", value: true } },
      ],
      logs: [{ timeUnixNano: 9_000n, fields: [{ key: "event", value: { type: "string", value: "x" } }] }],
    },
  ],
};

/** Written by hand from jaeger.thrift and the binary protocol's text. */
const BYTES = [
  "0c 0001", // Batch.process
  "0b 0001 00000001 73", // serviceName "s"
  "0f 0002 0c 00000001", // tags
  "0b 0001 00000001 62 08 0002 00000004 0b 0007 00000002 0102 00",
  "00",
  "0f 0002 0c 00000001", // Batch.spans
  "0a 0001 fffffffffffffffe", // traceIdLow
  "0a 0002 0000000000000001", // traceIdHigh
  "0a 0003 8000000000000000", // spanId
  "0a 0004 0000000000000007", // parentSpanId
  "0b 0005 00000002 6f70",
  "0f 0006 0c 00000001 08 0001 00000001 0a 0002 0000000000000003 0a 0003 0000000000000002 0a 0004 0000000000000004 00",
  "08 0007 00000001",
  "0a 0008 00060a24181e4001", // 1 700 000 000 000 001 µs
  "0a 0009 0000000000000002",
  "0f 000a 0c 00000003",
  "0b 0001 00000001 6c 08 0002 00000003 0a 0006 ffffffffffffffff 00",
  "0b 0001 00000001 64 08 0002 00000001 04 0004 3fe0000000000000 00",
  "0b 0001 00000001 74 08 0002 00000002 02 0005 01 00",
  "0f 000b 0c 00000001",
  "0a 0001 0000000000000009 0f 0002 0c 00000001 0b 0001 00000005 6576656e74 08 0002 00000000 0b 0003 00000001 78 00 00",
  "00",
  "00",
].join("");

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const bytes = fromHex(BYTES);

describe("jaeger.thrift Batch", () => {
  it("is written as the interface definition says", () => {
    const writer = new BinaryWriter();
    writeBatch(writer, BATCH);
    expect(Buffer.from(writer.finish()).toString("hex")).toBe(Buffer.from(bytes).toString("hex"));
  });

  it("is read", () => {
    const [record, ...others] = recordsOf(jaegerTraces(bytes));
    expect(others).toEqual([]);
    expect(record?.resource.attributes).toEqual([
      { key: "service.name", value: { type: "string", value: "s" } },
      { key: "b", value: { type: "bytes", value: new Uint8Array([1, 2]) } },
    ]);
    expect(record?.span).toMatchObject({
      traceId: "0000000000000001fffffffffffffffe",
      spanId: "8000000000000000",
      parentSpanId: "0000000000000007",
      name: "op",
      startTimeUnixNano: 1_700_000_000_000_001_000n,
      endTimeUnixNano: 1_700_000_000_000_003_000n,
      attributes: BATCH.spans[0]?.tags,
      events: [{ timeUnixNano: 9_000n, name: "x", attributes: [] }],
      links: [{ traceId: "00000000000000020000000000000003", spanId: "0000000000000004" }],
    });
  });

  it("names the parent among the references where a link leads to it too, which would stand for it else", () => {
    const [span] = BATCH.spans as [JaegerSpan];
    const [parent] = span.references as [JaegerReference];
    const written = (references: readonly JaegerReference[]): string => {
      const writer = new BinaryWriter();
      writeBatch(writer, { ...BATCH, spans: [{ ...span, references }] });
      const output = writer.finish();
      const links = references.slice(1).map(({ traceId, spanId }) => ({ traceId, spanId }));
      expect(recordsOf(jaegerTraces(output))[0]?.span).toMatchObject({ parentSpanId: parent.spanId, links });
      return Buffer.from(output).toString("hex");
    };
    const idsOfParent = "0a0002fffffffffffffffe0a000300000000000000010a0004000000000000000700";
    const linked = written([parent, { ...parent, type: "follows_from" }]);
    // SpanRef: refType CHILD_OF = 0, FOLLOWS_FROM = 1, then the ids.
    expect(linked).toContain(`0f00060c0000000208000100000000${idsOfParent}08000100000001${idsOfParent}`);
    expect(linked).toContain("0a00040000000000000007");
    expect(written([parent])).not.toContain("0f0006");
  });

  it("is refused where it is cut anywhere, and where something follows it", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readMapped("jaeger_thrift", bytes.subarray(0, length))).toThrow(DecodeError);
    }
    expect(() => readMapped("jaeger_thrift", Buffer.concat([bytes, Buffer.alloc(2)]))).toThrow(/2 bytes follow/);
  });

  it.each([
    ["00", /Batch.process: expected a struct, found none/],
    ["0c 0001 0b 0001 00000000 00 00", /Batch.spans: expected a list of structs, found none/],
    ["0c 0001 00 0f 0002 08 00000001 00000000 00", /Batch.spans: expected a list of structs, found Thrift type 8/],
    ["0c 0001 00 0f 0002 0c 7fffffff 00", /claims 2147483647 elements/],
  ])("is refused where it is no batch: %s", (hex, message) => {
    expect(() => readMapped("jaeger_thrift", fromHex(hex))).toThrow(message);
  });

  const GOOD = `0a 0001 ${"00".repeat(7)}01 0a 0003 ${"00".repeat(7)}02 0a 0008 0000000000000003`;
  it.each([
    ["", "trace id is empty", "Batch.spans[1].traceIdLow: expected an i64, found none"],
    [`${GOOD.slice(0, 25)} 0a 0008 0000000000000003`, "span id is empty", ".spanId: expected an i64, found none"],
    [GOOD.replace("01 0a", "00 0a"), "trace id is all zero", ".traceIdLow: expected an id, found 0"],
    [GOOD.replace("02 0a", "00 0a"), "span id is all zero", ".spanId: expected an id, found 0"],
    [GOOD.replace("0000000000000003", "ffffffffffffffff"), "start or end time is unreadable", "1970, found -1"],
    [GOOD.replace(/0a 0008.*/, ""), "start or end time is unreadable", "1970, found none"],
    [`${GOOD} 0f 000a 08 00000001 00000000`, "a list is none", ".tags: expected a list of structs"],
    [`${GOOD} 0f 000b 08 00000001 00000000`, "a list is none", ".logs: expected a list of structs"],
    [`${GOOD} 0f 0006 08 00000001 00000000`, "a list is none", ".references: expected a list of structs"],
  ])("has its other spans taken where one is %s", (odd, reason, example) => {
    const hex = `0c 0001 0b 0001 00000001 73 00 0f 0002 0c 00000003 ${GOOD} 00 ${odd} 00 ${GOOD} 00 00`;
    const { traces, rejected, message, marks } = readMapped("jaeger_thrift", fromHex(hex));
    expect(recordsOf(traces).map(({ span }) => span.startTimeUnixNano)).toEqual([3_000n, 3_000n]);
    expect(rejected).toBe(1);
    expect(message).toContain(`1 span refused: ${reason} (1); Batch.spans[1]`);
    expect(message).toContain(example);
    // Neither has a duration, which Jaeger asks for.
    expect(marks).toEqual([SPAN_MARK.mended, SPAN_MARK.mended]);
  });

  it("takes a tag of an unknown type as the value that is there, and marks the span", () => {
    const tag = "0b 0001 00000001 61 08 0002 00000009 0a 0006 0000000000000007 00";
    const hex = `0c 0001 00 0f 0002 0c 00000001 ${GOOD} 0a 0009 0000000000000001 0f 000a 0c 00000001 ${tag} 00 00`;
    const { traces, marks } = readMapped("jaeger_thrift", fromHex(hex));
    expect(recordsOf(traces)[0]?.span.attributes).toEqual([{ key: "a", value: { type: "int", value: 7n } }]);
    expect(marks).toEqual([SPAN_MARK.mended]);
  });

  it("has its process behind its spans, if need be, and reads over fields that it does not know", () => {
    const at = Buffer.from(bytes).indexOf(Buffer.from("0f00020c000000010a0001", "hex"));
    const turned = Buffer.concat([bytes.subarray(at, -1), bytes.subarray(0, at), Buffer.from("00", "hex")]);
    expect(jaegerTraces(turned)).toEqual(jaegerTraces(bytes));
    const unknown = Buffer.from("0d0063080b00000001000000010000000178", "hex");
    const extended = Buffer.concat([bytes.subarray(0, -1), unknown, Buffer.from("00", "hex")]);
    expect(jaegerTraces(extended)).toEqual(jaegerTraces(bytes));
  });

  it("keeps as much of a span as its limits allow, and counts the rest", () => {
    const writer = new BinaryWriter();
    const [span] = BATCH.spans;
    const tags = Array.from({ length: 100 }, (_, i) => ({ key: `k${i}`, value: { type: "int" as const, value: 1n } }));
    const logs = Array.from({ length: 9 }, () => ({ timeUnixNano: 0n, fields: tags }));
    writeBatch(writer, { process: BATCH.process, spans: [{ ...(span as JaegerSpan), tags, logs }] });
    const limits = { ...DEFAULT_SPAN_LIMITS, maxAttributes: 10, maxEvents: 5 };
    const { traces, marks } = readMapped("jaeger_thrift", writer.finish(), limits);
    const read = recordsOf(traces)[0]?.span;
    expect([read?.events.length, read?.droppedEventsCount]).toEqual([5, 4]);
    expect((read?.attributes.length ?? 0) + (read?.droppedAttributesCount ?? 0)).toBe(100);
    expect(read?.events.map((event) => event.attributes.length + event.droppedAttributesCount)).toEqual(
      Array(5).fill(100),
    );
    expect(marks).toEqual([SPAN_MARK.mended]);
  });
});
