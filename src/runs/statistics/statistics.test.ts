import { describe, expect, it } from "vitest";
import { fisherUpper } from "./fisher.ts";
import { holm } from "./holm.ts";
import { logGamma } from "./log-gamma.ts";
import { normalUpperQuantile, normalUpperTail } from "./normal.ts";
import { pairwiseShift } from "./pairwise-shift.ts";
import { exactUpper, rankTest } from "./rank-test.ts";
import { innerScatterAround, runNoise, scatterAround } from "./run-noise.ts";
import { placements, serialNoise } from "./serial.ts";
import { studentUpperTail } from "./student.ts";

// Expected figures were computed by another program (SciPy 1.17), unless a line says otherwise.

const sorted = (values: readonly number[]) => Float64Array.from(values).sort();
const near = (expected: number, digits = 9) => expected * (1 + 10 ** -digits) - expected;

function expectNear(found: number, expected: number): void {
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(Math.max(1e-15, Math.abs(near(expected))));
}

describe("distributions", () => {
  it.each([
    [0, 0.5],
    [0.5, 0.3085375387259869],
    [1.96, 0.024997895148220435],
    [3.1, 0.0009676032132183563],
    [3.2, 0.0006871379379158471],
    [6, 9.865876450376946e-10],
    [10, 7.61985302416047e-24],
    [-2.5, 0.9937903346742238],
  ])("normal variables exceed %f with probability %f", (z, p) => expectNear(normalUpperTail(z), p));

  it("keeps the tail of a normal variable exact in relation where it is tiny", () => {
    expect(normalUpperTail(37) / 5.7255712225239266e-300).toBeCloseTo(1, 9);
  });

  it.each([
    [0.5, 0],
    [0.2, 0.8416212335729142],
    [0.025, 1.9599639845400545],
    [1e-4, 3.7190164854556804],
    [1e-9, 5.9978070150076865],
    [0.9, -1.2815515655446004],
    [1e-100, 21.273453560965322],
  ])("a normal variable exceeds with probability %f the quantile %f", (p, z) => expectNear(normalUpperQuantile(p), z));

  it.each([
    [0, 5, 0.5],
    [1.5, 3, 0.11529193262241147],
    [2.2, 10, 0.02622053422467658],
    [4.5, 18, 0.00013849969675349883],
    [3.7, 26, 0.0005085780222668739],
    [-1, 7, 0.8246916685898963],
    [6, 200, 4.557560174405173e-9],
    [12, 2, 0.00343646683857923],
  ])("Student's variable exceeds %f of %i degrees with probability %f", (t, df, p) => {
    expectNear(studentUpperTail(t, df), p);
  });

  it.each([
    [0.5, 0.5723649429247],
    [1, 0],
    [1.5, -0.12078223763524526],
    [7, 6.579251212010101],
    [10.3, 13.482036786138359],
    [200, 857.9336698258575],
    [100_000, 1_051_287.7089736569],
  ])("ln Γ(%f) is %f", (x, expected) => expect(logGamma(x)).toBeCloseTo(expected, 8));
});

describe("Fisher's exact test", () => {
  it.each([
    [9, 10, 3, 10, 0.009883305548940223],
    [5, 200, 0, 200, 0.030469751204206984],
    [12, 150, 4, 180, 0.014328475556863741],
    [0, 20, 0, 30, 1],
    [3, 8, 3, 8, 0.6958041958041958],
    [40, 1_000, 20, 1_000, 0.006069770757779359],
  ])("%i of %i beside %i of %i: %f", (hits, of, otherHits, otherOf, p) => {
    expect(fisherUpper(hits, of, otherHits, otherOf)).toBeCloseTo(p, 10);
  });
});

const FIRST = [
  0.786, 0.672, 0.928, 1.134, 1.406, 1.033, 0.847, 0.79, 1.252, 1.633, 1.085, 0.691, 0.75, 1.616, 1.063, 0.595, 0.975,
  0.705, 0.828, 0.864, 0.807, 1.181, 0.981, 0.838, 1.131, 1.283, 0.611, 0.926, 0.745, 0.949,
];
const SECOND = [
  0.751, 1.112, 1.093, 1.009, 0.807, 0.981, 0.797, 0.736, 1.182, 0.792, 1.57, 1.37, 0.607, 1.199, 0.794, 1.116, 1.12,
  0.609, 1.03, 1.024, 1.475, 0.775, 1.379, 0.795, 1.001,
];

describe("the rank test", () => {
  it("is exact for small samples without ties", () => {
    const before = sorted([1.1, 2.3, 2.9, 3.8, 4.4, 6.1]);
    const after = sorted([2, 3.1, 4.9, 5.6, 6.6, 7.2, 8.8]);
    expect(exactUpper(6, 7, 32)).toBeCloseTo(0.06876456876456877, 12);
    const found = rankTest(before, after);
    expect(found?.superiority).toBeCloseTo(32 / 42, 12);
    expect(normalUpperTail(found?.z ?? 0)).toBeCloseTo(0.06876456876456877, 12);
    expect(rankTest(after, before)?.z).toBeCloseTo(-(found?.z ?? 0), 12);
  });

  it("corrects the approximation for ties and continuity", () => {
    const five = (values: readonly number[]) => sorted([values, values, values, values, values].flat());
    const found = rankTest(five([1, 2, 2, 3, 3, 3, 4, 5, 5, 6]), five([2, 3, 3, 4, 4, 5, 5, 6, 6, 7]));
    expect(found?.superiority).toBe(1_725 / 2_500);
    expect(normalUpperTail(found?.z ?? 0)).toBeCloseTo(0.0004373286328132267, 12);
  });

  it("compares samples of different sizes", () => {
    const found = rankTest(sorted(FIRST), sorted(SECOND));
    expect(found?.superiority).toBe(409 / 750);
    expect(normalUpperTail(found?.z ?? 0)).toBeCloseTo(0.2856038410395515, 10);
  });

  it("says nothing of values that are all equal, or of none", () => {
    expect(rankTest(sorted([1, 1, 1]), sorted([1, 1]))).toBeUndefined();
    expect(rankTest(sorted([]), sorted([1]))).toBeUndefined();
  });
});

describe("the shift between two samples", () => {
  it("is the median of all differences, with Moses' interval", () => {
    const { estimate, low, high, error } = pairwiseShift(sorted(FIRST), sorted(SECOND));
    expect(estimate).toBeCloseTo(0.0445, 12);
    expect([low, high].map((value) => Number(value.toFixed(9)))).toEqual([-0.096, 0.189]);
    expect(error).toBeCloseTo(0.285 / 2 / 1.9599639845, 9);
  });

  it("is exact where every value is equal", () => {
    expect(pairwiseShift(sorted([2, 2, 2]), sorted([5, 5]))).toMatchObject({ estimate: 3, low: 3, high: 3 });
  });
});

describe("Holm's correction", () => {
  it("steps down and never lets a greater value overtake", () => {
    const corrected = holm([0.01, 0.04, 0.03, 0.005, 0.5]).map((p) => Number(p.toFixed(12)));
    expect(corrected).toEqual([0.04, 0.09, 0.09, 0.025, 0.5]);
    expect(holm([])).toEqual([]);
  });
});

describe("noise", () => {
  it("of values that come in bursts is greater than their own spread says", () => {
    const bursts = Float64Array.from({ length: 200 }, (_, i) => (Math.floor(i / 20) % 2) + (i % 7) / 100);
    const { inflation, df } = serialNoise([bursts, bursts]);
    expect(inflation).toBeGreaterThan(5);
    expect(df).toBe(26);
  });

  it("of values that change every time is no greater", () => {
    const changing = Float64Array.from({ length: 200 }, (_, i) => i % 2);
    expect(serialNoise([changing])).toEqual({ inflation: 1, df: undefined });
    expect(serialNoise([changing.subarray(0, 30)])).toEqual({ inflation: 1, df: undefined });
  });

  it("is looked for in places among the other sample, half of what is equal counted", () => {
    expect([...placements(Float64Array.of(0, 2, 2.5, 9), sorted([1, 2, 2, 3]))]).toEqual([0, 0.5, 0.75, 1]);
  });

  it("of a run is what changes scatter by beyond their errors, whatever a few of them do", () => {
    const changes = Array.from({ length: 41 }, (_, i) => ({ change: 0.1 + (i - 20) / 200, error: 0.001 }));
    const { shift, scatter } = runNoise([...changes, { change: 3, error: 0.001 }, { change: -3, error: 0.001 }]);
    expect(shift).toBeCloseTo(0.1, 9);
    // Half of the changes lie within 0.0525 of the middle: 0.0525 / 0.6745.
    expect(scatter).toBeGreaterThan(0.07);
    expect(scatter).toBeLessThan(0.09);
    const exact = changes.map(({ change }) => ({ change, error: 0.2 }));
    expect(runNoise(exact).scatter).toBe(0);
  });

  it("is seen of all but the outermost changes where a minority alone scatters", () => {
    const changes = [...Array(10).fill(0.002), 0.2, -0.2, 0.25, -0.25].map((change) => ({ change, error: 0.02 }));
    expect(scatterAround(0, changes)).toBe(0);
    expect(innerScatterAround(0, changes)).toBeGreaterThan(0.1);
    expect(innerScatterAround(0, changes)).toBeLessThan(0.2);
    const two = Array(12)
      .fill(changes[0])
      .concat([3, 4].map((change) => ({ change, error: 0.02 })));
    expect(innerScatterAround(0, two)).toBeLessThan(0.05);
  });
});
