import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CompactWriter } from "../../../test/support/compact-writer.ts";
import { DecodeError } from "../decode-error.ts";
import { BinaryReader, BinaryWriter } from "./binary.ts";
import { CompactReader } from "./compact.ts";
import { MAX_THRIFT_DEPTH, skip, THRIFT_TYPE as T, type ThriftReader, type ThriftWriter } from "./protocol.ts";

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

function hex(writer: ThriftWriter): string {
  return Buffer.from(writer.finish()).toString("hex");
}

/** One struct with every kind of field, made by hand from the protocol texts of Apache Thrift. */
function writeSample(out: ThriftWriter): void {
  out.structBegin();
  out.fieldBegin(T.i32, 1);
  out.i32(-2);
  out.fieldBegin(T.i64, 2);
  out.i64(-(2n ** 63n));
  out.boolField(3, true);
  out.boolField(4, false);
  out.fieldBegin(T.double, 5);
  out.double(1);
  out.fieldBegin(T.string, 40);
  out.string("hé");
  out.fieldBegin(T.list, 41);
  out.listBegin(T.i32, 2);
  out.i32(1);
  out.i32(300);
  out.fieldBegin(T.struct, 42);
  out.structBegin();
  out.fieldBegin(T.string, 1);
  out.binary(new Uint8Array([255]));
  out.structEnd();
  out.structEnd();
}

const BINARY_SAMPLE = [
  "08 0001 fffffffe",
  "0a 0002 8000000000000000",
  "02 0003 01",
  "02 0004 00",
  "04 0005 3ff0000000000000",
  "0b 0028 00000003 68c3a9",
  "0f 0029 08 00000002 00000001 0000012c",
  "0c 002a 0b 0001 00000001 ff 00",
  "00",
].join(" ");

const COMPACT_SAMPLE = [
  "15 03",
  "16 ffffffffffffffffff01",
  "11",
  "12",
  "17 000000000000f03f",
  "08 50 03 68c3a9",
  "19 25 02 d804",
  "1c 18 01 ff 00",
  "00",
].join(" ");

function readSample(input: ThriftReader): unknown[] {
  const seen: unknown[] = [];
  input.structBegin();
  for (let field = input.field(); field !== undefined; field = input.field()) {
    seen.push(field.id);
    if (field.type === T.i32) seen.push(input.i32());
    else if (field.type === T.i64) seen.push(input.i64());
    else if (field.type === T.bool) seen.push(input.bool());
    else if (field.type === T.double) seen.push(input.double());
    else if (field.type === T.string) seen.push(input.string());
    else if (field.type === T.list) {
      const { elementType, size } = input.listBegin();
      seen.push(elementType);
      for (let i = 0; i < size; i++) seen.push(input.i32());
      input.containerEnd();
    } else {
      input.structBegin();
      while (input.field() !== undefined) seen.push(...input.binary());
      input.structEnd();
    }
  }
  input.structEnd();
  return seen;
}

const SAMPLE = [1, -2, 2, -(2n ** 63n), 3, true, 4, false, 5, 1, 40, "hé", 41, T.i32, 1, 300, 42, 255];

describe.each([
  { name: "binary", make: () => new BinaryWriter(), Reader: BinaryReader, sample: BINARY_SAMPLE },
  { name: "compact", make: () => new CompactWriter(), Reader: CompactReader, sample: COMPACT_SAMPLE },
])("$name protocol", ({ make, Reader, sample }) => {
  it("writes the bytes that the protocol asks for", () => {
    const writer = make();
    writeSample(writer);
    expect(hex(writer)).toBe(sample.replaceAll(" ", ""));
  });

  it("reads them", () => {
    expect(readSample(new Reader(bytes(sample)))).toEqual(SAMPLE);
  });

  it("skips a value of any type to its last byte", () => {
    const reader = new Reader(bytes(sample));
    skip(reader, T.struct);
    expect(reader.offset).toBe(bytes(sample).length);
  });

  it("refuses input that is cut anywhere", () => {
    const whole = bytes(sample);
    for (let length = 0; length < whole.length; length++) {
      expect(() => skip(new Reader(whole.subarray(0, length)), T.struct)).toThrow(DecodeError);
    }
  });

  it("throws nothing but DecodeError for random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (input) => {
        try {
          skip(new Reader(input), T.struct);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });

  it("carries integers, doubles and text exactly", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.integer(),
        fc.double(),
        fc.string(),
        (i64, i32, f64, text) => {
          const writer = make();
          writer.i64(i64);
          writer.i32(i32);
          writer.double(f64);
          writer.string(text);
          const reader = new Reader(writer.finish());
          expect([reader.i64(), reader.i32(), reader.double(), reader.string()]).toEqual([i64, i32, f64, text]);
        },
      ),
    );
  });
});

describe("forged input", () => {
  it.each([
    ["a binary list of 2^31-1 structs", () => new BinaryReader(bytes("0c 7fffffff 00")).listBegin()],
    ["a binary list of negative size", () => new BinaryReader(bytes("0c ffffffff 00")).listBegin()],
    [
      "a binary list of doubles that is too short",
      () => new BinaryReader(bytes("04 00000002 0000000000000000")).listBegin(),
    ],
    ["a binary map", () => new BinaryReader(bytes("0b 0b 00000010 00")).mapBegin()],
    ["a binary string", () => new BinaryReader(bytes("7fffffff 61")).string()],
    ["a binary string of negative length", () => new BinaryReader(bytes("ffffffff 61")).binary()],
    ["a compact list of 2^32-1 structs", () => new CompactReader(bytes("fc ffffffff0f 00")).listBegin()],
    ["a compact map", () => new CompactReader(bytes("ff7f 88 00")).mapBegin()],
    ["a compact string", () => new CompactReader(bytes("ffff03 61")).string()],
    ["a varint without end", () => new CompactReader(bytes("ffffffffffffffffffffff")).i64()],
    ["a 32-bit varint without end", () => new CompactReader(bytes("ffffffffffff")).i32()],
    ["an unknown binary type", () => new BinaryReader(bytes("63 0001")).field()],
    ["an unknown compact type", () => new CompactReader(bytes("1d")).field()],
  ])("%s is refused", (_name, read) => {
    expect(read).toThrow(DecodeError);
  });

  it("is refused where it is nested too deep", () => {
    const nested = (depth: number) => bytes(`${"0c0001".repeat(depth - 1)}${"00".repeat(depth)}`);
    expect(() => skip(new BinaryReader(nested(MAX_THRIFT_DEPTH)), T.struct)).not.toThrow();
    expect(() => skip(new BinaryReader(nested(MAX_THRIFT_DEPTH + 1)), T.struct)).toThrow(/nested deeper/);
    expect(() => skip(new CompactReader(bytes("19".repeat(100_000))), T.list)).toThrow(/nested deeper/);
  });
});
