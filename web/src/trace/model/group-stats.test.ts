import { describe, expect, it } from "vitest";
import { durationHistogram, sampleOf, slowestRows, varyingAttributes } from "./group-stats.ts";

const duration = Float64Array.of(0, 10, 12, 30, 11, 50);
const rows = [1, 2, 3, 4, 5];

describe("what is told of a group", () => {
  it("is how its durations are spread", () => {
    expect(durationHistogram({ duration }, rows, 4)).toEqual([
      { from: 10, to: 20, count: 3 },
      { from: 20, to: 30, count: 0 },
      { from: 30, to: 40, count: 1 },
      { from: 40, to: 50, count: 1 },
    ]);
    expect(durationHistogram({ duration: Float64Array.of(7, 7) }, [0, 1], 4)).toEqual([{ from: 7, to: 7, count: 2 }]);
  });

  it("is which are the slowest", () => {
    expect(slowestRows({ duration }, rows, 3)).toEqual([5, 3, 2]);
  });

  it("is what of their attributes varies, the fewest values first", () => {
    const spans = [
      { table: "stock", sku: "a", region: "eu" },
      { table: "stock", sku: "b", region: "eu" },
      { table: "stock", sku: "c", region: "us" },
      { table: "stock", sku: "c" },
    ].map((span) => new Map(Object.entries(span)));
    expect(varyingAttributes(spans)).toEqual([
      {
        key: "region",
        values: [
          ["eu", 2],
          ["us", 1],
          [undefined, 1],
        ],
      },
      {
        key: "sku",
        values: [
          ["c", 2],
          ["a", 1],
          ["b", 1],
        ],
      },
    ]);
  });

  it("is of a sample of many, with those that count", () => {
    const many = Array.from({ length: 1_000 }, (_, i) => i);
    const sample = sampleOf(many, [999, 5], 12);
    expect(sample).toHaveLength(12);
    expect(sample).toEqual(sample.toSorted((a, b) => a - b));
    for (const row of [5, 999]) expect(sample).toContain(row);
    expect(sampleOf([1, 2, 3], [2], 12)).toEqual([1, 2, 3]);
  });
});
