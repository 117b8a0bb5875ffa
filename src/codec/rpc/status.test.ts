import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { FieldWriter } from "./message-fields.ts";
import { decodeRpcStatus, encodeRpcStatus, parseRpcStatusJson, retryDelayOfTrailer, rpcStatusJson } from "./status.ts";

/** google/rpc/status.proto and error_details.proto, for a second opinion. */
const root = protobuf.parse(`syntax = "proto3";
message Duration { int64 seconds = 1; int32 nanos = 2; }
message RetryInfo { Duration retry_delay = 1; }
message Any { string type_url = 1; bytes value = 2; }
message Status { int32 code = 1; string message = 2; repeated Any details = 3; }`).root;
const plain = (type: string, bytes: Uint8Array) => {
  const message = root.lookupType(type);
  return message.toObject(message.decode(bytes), { longs: Number });
};

const anyStatus = fc.record(
  {
    code: fc.integer({ min: 0, max: 16 }),
    message: fc.string({ unit: "grapheme" }),
    retryDelayMs: fc.integer({ min: 0, max: 10_000_000 }),
  },
  { requiredKeys: ["code", "message"] },
);

describe("google.rpc.Status", () => {
  it("survives protobuf and JSON", () => {
    fc.assert(
      fc.property(anyStatus, (status) => {
        expect(decodeRpcStatus(encodeRpcStatus(status))).toEqual(status);
        expect(parseRpcStatusJson(rpcStatusJson(status))).toEqual(status);
      }),
    );
  });

  it("is what another protobuf library reads", () => {
    const bytes = encodeRpcStatus({ code: 14, message: "später", retryDelayMs: 1_250 });
    const status = plain("Status", bytes);
    expect(status).toMatchObject({ code: 14, message: "später" });
    const [any] = status.details as { type_url?: string; typeUrl?: string; value: Uint8Array }[];
    expect(any?.typeUrl ?? any?.type_url).toBe("type.googleapis.com/google.rpc.RetryInfo");
    expect(Object.values(plain("RetryInfo", any?.value as Uint8Array))).toEqual([{ seconds: 1, nanos: 250_000_000 }]);
  });

  it("has RetryInfo in JSON as the protobuf mapping writes it", () => {
    expect(JSON.parse(rpcStatusJson({ code: 14, message: "m", retryDelayMs: 1_500 }))).toEqual({
      code: 14,
      message: "m",
      details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.5s" }],
    });
  });

  it("passes over details it does not know", () => {
    const other = new FieldWriter()
      .string(1, "type.googleapis.com/google.rpc.Help")
      .message(2, Uint8Array.of(255))
      .finish();
    expect(decodeRpcStatus(new FieldWriter().varint(1, 3).message(3, other).finish())).toEqual({
      code: 3,
      message: "",
    });
    expect(parseRpcStatusJson('{"code":3,"details":[null,{"@type":"x"}]}')).toEqual({ code: 3, message: "" });
  });

  it("asks for no negative wait and no fraction of a millisecond", () => {
    const wait = (seconds: number, nanos: number) => {
      const duration = new FieldWriter().varint(1, seconds).varint(2, nanos).finish();
      const info = new FieldWriter().message(1, duration).finish();
      const any = new FieldWriter().string(1, "example.com/google.rpc.RetryInfo").message(2, info).finish();
      return retryDelayOfTrailer(new FieldWriter().message(3, any).finish());
    };
    expect(wait(2, 1)).toBe(2_001);
    expect(wait(-2, -5)).toBe(0);
    expect(wait(0, 0)).toBe(0);
  });

  it.each([undefined, "text", Uint8Array.of(0x1a, 9), new Uint8Array(0)])("finds no wait in %j", (trailer) =>
    expect(retryDelayOfTrailer(trailer)).toBeUndefined(),
  );
});
