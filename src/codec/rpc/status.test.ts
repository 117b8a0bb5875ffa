import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRpcStatus, encodeRpcStatus, retryDelayOfTrailer, rpcStatusJson } from "./status.ts";

const anyStatus = fc.record(
  {
    code: fc.integer({ min: 0, max: 16 }),
    message: fc.string({ unit: "grapheme" }),
    retryDelayMs: fc.integer({ min: 0, max: 10_000_000 }),
  },
  { requiredKeys: ["code", "message"] },
);

/** Status with one detail of this type and value: code 3, Any { type_url = 1, value = 2 }. */
function withDetail(type: string, value: readonly number[]): Uint8Array {
  const url = Buffer.from(type);
  return Buffer.from([
    8,
    3,
    0x1a,
    url.length + 4 + value.length,
    0x0a,
    url.length,
    ...url,
    0x12,
    value.length,
    ...value,
  ]);
}

describe("google.rpc.Status", () => {
  it("survives protobuf", () => {
    fc.assert(
      fc.property(anyStatus, (status) => {
        expect(decodeRpcStatus(encodeRpcStatus(status))).toEqual(status);
      }),
    );
  });

  it("is these bytes: code 1, message 2, details 3; Any type_url 1, value 2; RetryInfo retry_delay 1", () => {
    const url = Buffer.from("type.googleapis.com/google.rpc.RetryInfo");
    const wait = [0x08, 1, 0x10, 0x80, 0xe5, 0x9a, 0x77];
    const value = [0x0a, wait.length, ...wait];
    const any = [0x0a, url.length, ...url, 0x12, value.length, ...value];
    expect([...encodeRpcStatus({ code: 14, message: "ä", retryDelayMs: 1_250 })]).toEqual([
      ...[8, 14, 0x12, 2, 0xc3, 0xa4, 0x1a, any.length],
      ...any,
    ]);
  });

  it("writes no ill-formed UTF-8, and reads it", () => {
    expect(decodeRpcStatus(encodeRpcStatus({ code: 3, message: "a\ud800b" })).message).toBe("a\ufffdb");
    expect(decodeRpcStatus(Uint8Array.of(8, 8, 0x12, 2, 0xc3, 0x28))).toEqual({ code: 8, message: "\ufffd(" });
  });

  it("has RetryInfo in JSON as the protobuf mapping writes it", () => {
    expect(JSON.parse(rpcStatusJson({ code: 14, message: "m", retryDelayMs: 1_500 }))).toEqual({
      code: 14,
      message: "m",
      details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.5s" }],
    });
  });

  it("passes over details it does not know, whatever they hold", () => {
    expect(decodeRpcStatus(withDetail("type.googleapis.com/google.rpc.Help", [255]))).toEqual({ code: 3, message: "" });
  });

  it("asks for no negative wait and no fraction of a millisecond", () => {
    const wait = (...duration: number[]) =>
      retryDelayOfTrailer(withDetail("example.com/google.rpc.RetryInfo", [0x0a, duration.length, ...duration]));
    expect(wait(0x08, 2, 0x10, 1)).toBe(2_001);
    expect(wait(0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)).toBe(0);
    expect(wait()).toBe(0);
    expect(retryDelayOfTrailer(withDetail("google.rpc.RetryInfo", []))).toBe(0);
  });

  it.each([undefined, "text", Uint8Array.of(0x1a, 9), new Uint8Array(0)])("finds no wait in %j", (trailer) =>
    expect(retryDelayOfTrailer(trailer)).toBeUndefined(),
  );
});
