import { describe, expect, it } from "vitest";
import { DecodeError } from "../decode-error.ts";
import { BinaryReader, BinaryWriter } from "../thrift/binary.ts";
import type { JaegerBatch } from "./model.ts";
import { readBatch, writeBatch } from "./thrift-batch.ts";

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

const bytes = new Uint8Array(Buffer.from(BYTES.replaceAll(" ", ""), "hex"));

describe("jaeger.thrift Batch", () => {
  it("is written as the interface definition says", () => {
    const writer = new BinaryWriter();
    writeBatch(writer, BATCH);
    expect(Buffer.from(writer.finish()).toString("hex")).toBe(Buffer.from(bytes).toString("hex"));
  });

  it("is read", () => {
    expect(readBatch(new BinaryReader(bytes))).toEqual(BATCH);
  });

  it("is refused where it is cut anywhere", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readBatch(new BinaryReader(bytes.subarray(0, length)))).toThrow(DecodeError);
    }
  });

  it.each([
    ["00", /Batch.process is missing/],
    ["0c 0001 00 00", /Process.serviceName is missing/],
    ["0c 0001 0b 0001 00000000 00 00", /Batch.spans is missing/],
    ["0c 0001 0b 0001 00000000 00 0f 0002 0c 00000001 00 00", /Span.traceIdLow is missing/],
    ["0c 0001 0b 0001 00000000 0f 0002 0c 00000001 0b 0001 00000000 08 0002 00000009 00 00", /Tag.vType is 9/],
    ["0c 0001 0b 0001 00000000 0f 0002 08 00000001 00000000 00", /Process.tags is a list of Thrift type 8/],
  ])("is refused where a field is missing or wrong: %s", (hex, message) => {
    const input = new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
    expect(() => readBatch(new BinaryReader(input))).toThrow(message);
  });

  it("reads over fields that it does not know", () => {
    const extended = Buffer.concat([
      bytes.subarray(0, -1),
      Buffer.from("0d0063080b000000010000000100000001780000", "hex").subarray(0, -1),
    ]);
    expect(readBatch(new BinaryReader(extended)).spans).toHaveLength(1);
  });
});
