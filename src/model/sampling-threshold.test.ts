import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hexToBytes } from "./ids.ts";
import {
  ALWAYS,
  atLeast,
  parseRandomness,
  parseThreshold,
  probabilityOf,
  readOtSampling,
  thresholdOf,
  traceIdRandomness,
} from "./sampling-threshold.ts";

const probability = fc.double({ min: 2 ** -56, max: 1, noNaN: true });
const bigintOf = (value: { high: number; low: number }): bigint => (BigInt(value.high) << 32n) | BigInt(value.low);

describe("thresholds", () => {
  it.each([
    [1, "0"],
    [0.5, "8"],
    [1 / 3, "aaab"],
    [0.25, "c"],
    [0.01, "fd70a"],
    [0.001, "ffbe77"],
    [0.99, "028f6"],
    [2 ** -56, "ffffffffffffff"],
    [1e-300, "ffffffffffffff"],
  ])("of %d is %s", (p, text) => expect(thresholdOf(p).text).toBe(text));

  it("come back from their text", () => {
    fc.assert(
      fc.property(probability, (p) => {
        const threshold = thresholdOf(p);
        expect(parseThreshold(threshold.text)).toEqual(threshold);
      }),
    );
  });

  it("keep nearly the probability they were made for", () => {
    fc.assert(
      fc.property(probability, (p) => {
        const error = Math.abs(probabilityOf(thresholdOf(p)) - p);
        expect(error).toBeLessThanOrEqual(p * 2 ** -12 + 2 ** -55);
      }),
    );
  });

  it("never rise with the probability", () => {
    fc.assert(
      fc.property(probability, probability, (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(atLeast(thresholdOf(low), thresholdOf(high))).toBe(true);
      }),
    );
  });

  it.each(["", "g", "8A", "123456789012345", "0x8", " 8"])("are not read from %j", (text) =>
    expect(parseThreshold(text)).toBeUndefined(),
  );
});

describe("56-bit numbers", () => {
  it("compare as integers do", () => {
    const hex = fc.bigInt({ min: 0n, max: (1n << 56n) - 1n });
    fc.assert(
      fc.property(hex, hex, (a, b) => {
        const [x, y] = [a, b].map((n) => parseRandomness(n.toString(16).padStart(14, "0")));
        if (x === undefined || y === undefined) throw new Error("not read");
        expect(bigintOf(x)).toBe(a);
        expect(atLeast(x, y)).toBe(a >= b);
      }),
    );
  });

  it("are the last 7 bytes of a trace id", () => {
    const ids = hexToBytes(`${"00".repeat(16)}0af7651916cd43dd8448eb211c80319c`) as Uint8Array;
    expect(bigintOf(traceIdRandomness(ids, 16))).toBe(0x48eb211c80319cn);
  });

  it("keep everything at threshold 0", () => expect(atLeast({ high: 0, low: 0 }, ALWAYS)).toBe(true));
});

describe("the ot member", () => {
  it.each([
    ["ot=th:8;rv:6e6d1a75832a2f", "8", 0x6e6d1a75832a2fn],
    ["vendor=x, ot=rv:6e6d1a75832a2f;th:fd70a;q:1 ,a=b", "fd70a", 0x6e6d1a75832a2fn],
    ["ot=th:80", "8", undefined],
    ["ot=th:XYZ;rv:12", undefined, undefined],
    ["foo=th:8,not=th:8", undefined, undefined],
    ["", undefined, undefined],
  ])("%j", (traceState, th, rv) => {
    const { threshold, randomness } = readOtSampling(traceState);
    expect(threshold?.text).toBe(th);
    expect(randomness && bigintOf(randomness)).toBe(rv);
  });
});
