import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketOf, ExponentialHistogram, MAX_HISTOGRAM_BUCKETS } from "./exponential-histogram.ts";

function of(values: readonly number[]): ExponentialHistogram {
  const histogram = new ExponentialHistogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

/** The value at rank ceil(q n), as an exact quantile of the list. */
function exact(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] as number;
}

const durations = fc.array(fc.double({ min: 1, max: 2 ** 62, noNaN: true }), { minLength: 1, maxLength: 200 });
const shares = fc.constantFrom(0, 0.1, 0.5, 0.75, 0.95, 0.99, 1);

describe("quantiles", () => {
  it("are as near as the scale promises, however far apart the values", () => {
    fc.assert(
      fc.property(durations, shares, (values, q) => {
        const histogram = of(values);
        const base = 2 ** (2 ** -histogram.scale);
        const bound = (base - 1) / (base + 1) + 1e-9;
        const wanted = exact(values, q);
        // The middle of a bucket lies between its ends geometrically.
        expect(Math.abs(histogram.quantile(q) - wanted) / wanted).toBeLessThanOrEqual(Math.sqrt(base) - 1 + bound);
      }),
    );
  });

  it("are within 2.2 % for durations from a microsecond to a second", () => {
    const values = Array.from({ length: 5000 }, (_, i) => 1_000 * 1.00275 ** i).filter((value) => value < 1e9);
    const histogram = of(values);
    expect(histogram.scale).toBe(4);
    for (const q of [0.01, 0.5, 0.9, 0.95, 0.99, 0.999]) {
      const wanted = exact(values, q);
      expect(Math.abs(histogram.quantile(q) - wanted) / wanted).toBeLessThan(0.022);
    }
  });

  it("know zeros, nothing at all, and what is no number", () => {
    expect(new ExponentialHistogram().quantile(0.5)).toBeNaN();
    expect(of([0, 0, -5, Number.NaN]).quantile(0.99)).toBe(0);
    const mixed = of([0, 0, 0, 1000]);
    expect(mixed.quantile(0.75)).toBe(0);
    expect(mixed.quantile(0.9)).toBeCloseTo(1000, -2);
    expect(mixed.count).toBe(4);
  });

  it("weigh fractional counts", () => {
    const histogram = new ExponentialHistogram();
    histogram.add(100, 2.5);
    histogram.add(10_000, 7.5);
    expect(histogram.count).toBe(10);
    expect(histogram.quantile(0.25)).toBeLessThan(110);
    expect(histogram.quantile(0.26)).toBeGreaterThan(9_000);
  });
});

describe("buckets", () => {
  it("hold their upper end", () => {
    for (let power = 0; power < 63; power++) {
      expect(bucketOf(2 ** power)).toBe(power * 16 - 1);
      if (power < 40) expect(bucketOf(2 ** power * 1.0001)).toBe(power * 16);
    }
  });

  it("never exceed the greatest number", () => {
    const histogram = of([1, 2 ** 62]);
    for (let power = 0; power < 62; power++) histogram.add(2 ** power + 1);
    expect(histogram.parts.counts.length).toBeLessThanOrEqual(MAX_HISTOGRAM_BUCKETS);
    expect(histogram.count).toBe(64);
    expect(histogram.scale).toBe(2);
  });
});

describe("merging", () => {
  it("gives what adding all values to one gives, in any order", () => {
    fc.assert(
      fc.property(fc.array(durations, { minLength: 1, maxLength: 5 }), (lists) => {
        const whole = of(lists.flat());
        for (const order of [lists, lists.toReversed()]) {
          const merged = new ExponentialHistogram();
          for (const list of order) merged.merge(of(list));
          // Coarsening early can be one step further than needed in the end, never finer.
          expect(merged.scale).toBeLessThanOrEqual(whole.scale);
          expect(merged.count).toBe(whole.count);
          const same = ExponentialHistogram.of({ ...merged.parts, counts: merged.parts.counts.slice() });
          same.merge(whole);
          expect(same.parts.counts).toEqual(merged.parts.counts.map((count) => count * 2));
        }
      }),
    );
  });

  it("leaves the merged one alone and takes an empty one", () => {
    const one = of([5, 10]);
    const before = one.parts.counts.slice();
    const sum = of([1e12]);
    sum.merge(one);
    sum.merge(new ExponentialHistogram());
    expect(one.parts.counts).toEqual(before);
    expect(sum.count).toBe(3);
  });
});
