import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeExportResponse } from "../../codec/otlp/message/export-response.ts";
import { encodeRpcStatus, retryDelayOfTrailer } from "../../codec/rpc/status.ts";
import { readPartialSuccess, readRetryDelay } from "./otlp-answer.ts";

const ours = encodeRpcStatus({ code: 14, message: "später", retryDelayMs: 1_250 });

describe("what the SDK reads without a library is what the collector writes with one", () => {
  it("partial success", () => {
    const partial = fc.record({ rejectedSpans: fc.nat(), errorMessage: fc.string({ unit: "grapheme" }) });
    fc.assert(
      fc.property(fc.option(partial, { nil: undefined }), (one) => {
        expect(readPartialSuccess(encodeExportResponse(one))).toEqual(one);
      }),
    );
  });

  it("the wait", () => {
    fc.assert(
      fc.property(fc.nat(), fc.option(fc.nat(), { nil: undefined }), (code, retryDelayMs) => {
        const status = { code, message: "m", ...(retryDelayMs === undefined ? {} : { retryDelayMs }) };
        expect(readRetryDelay(encodeRpcStatus(status))).toBe(retryDelayMs);
      }),
    );
  });

  it("agrees on what is damaged", () => {
    fc.assert(
      fc.property(fc.nat({ max: ours.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        const damaged = Uint8Array.from(ours);
        damaged[at] = byte;
        const wait = readRetryDelay(damaged);
        if (wait !== undefined) expect(Number.isFinite(wait) && wait >= 0).toBe(true);
        else expect([undefined, 0]).toContain(retryDelayOfTrailer(damaged) === undefined ? undefined : 0);
      }),
    );
  });
});

describe("readRetryDelay", () => {
  it.each([undefined, "text", Uint8Array.of(0x1a, 9), new Uint8Array(0)])("finds no wait in %j", (trailer) =>
    expect(readRetryDelay(trailer)).toBeUndefined(),
  );

  it("takes RetryInfo without a delay for no wait, and a negative one for none", () => {
    const url = Buffer.from("example.com/google.rpc.RetryInfo");
    const detail = (info: number[]) =>
      Buffer.from([0x1a, url.length + 4 + info.length, 0x0a, url.length, ...url, 0x12, info.length, ...info]);
    expect(readRetryDelay(detail([]))).toBe(0);
    const minusTwo = [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    expect(readRetryDelay(detail([0x0a, minusTwo.length, ...minusTwo]))).toBe(0);
    expect(readRetryDelay(detail([0x0a, 4, 0x08, 2, 0x10, 1]))).toBe(2_001);
  });
});

it("never fails but with DecodeError on an answer, whatever the bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        readPartialSuccess(bytes);
      } catch (error) {
        expect((error as Error).name).toBe("DecodeError");
      }
    }),
  );
});
