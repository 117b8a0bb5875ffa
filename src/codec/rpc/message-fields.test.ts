import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DecodeError } from "../decode-error.ts";
import { FieldWriter, readFields } from "./message-fields.ts";

describe("readFields", () => {
  it("never fails but with DecodeError, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          readFields(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });

  it("refuses a length beyond the end", () => {
    expect(() => readFields(Uint8Array.of(10, 200, 1, 0))).toThrow(
      "length 200 is more than the 1 bytes that are left (at byte 1)",
    );
  });

  it("reads what was written, and leaves defaults out", () => {
    const bytes = new FieldWriter()
      .varint(1, -1)
      .varint(2, 0)
      .string(3, "")
      .string(4, "\ufeffä")
      .message(5, bytesOf(""))
      .finish();
    expect(readFields(bytes)).toEqual([
      { field: 1, type: "varint", value: -1 },
      { field: 4, type: "bytes", value: bytesOf("\ufeffä") },
      { field: 5, type: "bytes", value: bytesOf("") },
    ]);
  });

  it("passes over fixed fields", () => {
    expect(readFields(Uint8Array.of(0x0d, 1, 2, 3, 4, 0x10, 7))).toEqual([{ field: 2, type: "varint", value: 7 }]);
  });
});

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
