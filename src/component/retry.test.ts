import { describe, expect, it } from "vitest";
import { backoffMs, DEFAULT_BACKOFF, isRetryableGrpcStatus, isRetryableHttpStatus, parseRetryAfter } from "./retry.ts";

describe("the retry table", () => {
  it("has the HTTP statuses of the OTLP specification and no others", () => {
    const retryable = Array.from({ length: 500 }, (_, i) => i + 100).filter(isRetryableHttpStatus);
    expect(retryable).toEqual([429, 502, 503, 504]);
  });

  it("has the gRPC codes, RESOURCE_EXHAUSTED only with RetryInfo", () => {
    const codes = Array.from({ length: 17 }, (_, i) => i);
    expect(codes.filter((code) => isRetryableGrpcStatus(code, false))).toEqual([1, 4, 10, 11, 14, 15]);
    expect(codes.filter((code) => isRetryableGrpcStatus(code, true))).toEqual([1, 4, 8, 10, 11, 14, 15]);
  });
});

describe("backoffMs", () => {
  it("grows from 5 s by 1.5 to 30 s, with jitter, and never asks sooner than the peer did", () => {
    const middle = () => 0.5;
    expect([0, 1, 2, 3, 4, 5, 9].map((n) => backoffMs(n, DEFAULT_BACKOFF, middle))).toEqual([
      5_000, 7_500, 11_250, 16_875, 25_312.5, 30_000, 30_000,
    ]);
    expect(backoffMs(0, DEFAULT_BACKOFF, () => 0)).toBe(2_500);
    expect(backoffMs(0, DEFAULT_BACKOFF, () => 0.999)).toBeLessThan(7_500);
    expect(backoffMs(0, DEFAULT_BACKOFF, middle, 60_000)).toBe(60_000);
  });

  it.each([86_400_000, 1e12, Number.POSITIVE_INFINITY])("waits some minutes where a peer asks for %d ms", (asked) => {
    expect(backoffMs(0, DEFAULT_BACKOFF, () => 0, asked)).toBe(300_000);
  });

  it("never exceeds what a timer can hold, which would then not wait at all", () => {
    const patient = { initialMs: 1e10, maxMs: 1e10, factor: 1 };
    expect(backoffMs(0, patient, () => 0.5)).toBe(2 ** 31 - 1);
  });
});

describe("Retry-After", () => {
  it.each([
    ["2", 2_000],
    [" 0 ", 0],
    ["Thu, 01 Jan 1970 00:00:05 GMT", 4_000],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ])("%j at 00:00:01 asks for %d ms", (header, ms) => expect(parseRetryAfter(header, 1_000)).toBe(ms));

  it.each(["soon", "", "-1", "1.5", "2030-01-01", undefined])("%j asks for nothing", (header) =>
    expect(parseRetryAfter(header, 1_000)).toBeUndefined(),
  );
});
