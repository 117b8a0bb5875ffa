import { describe, expect, it } from "vitest";
import { adjustedCount } from "./adjusted-count.ts";

describe("adjustedCount", () => {
  it("is one over the probability that the threshold keeps", () => {
    expect(adjustedCount("0")).toBe(1);
    expect(adjustedCount("8")).toBe(2);
    expect(adjustedCount("c")).toBe(4);
    expect(adjustedCount("fd70a")).toBeCloseTo(100, 2);
    expect(adjustedCount("ffffffffffffff")).toBe(2 ** 56);
  });

  it("is unknown for what is no threshold", () => {
    for (const text of ["", "g", "8A", "0123456789abcde", " 8"]) expect(adjustedCount(text)).toBeUndefined();
  });
});
