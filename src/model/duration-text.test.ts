import { describe, expect, it } from "vitest";
import { formatDuration } from "./duration-text.ts";

describe("formatDuration", () => {
  it.each([
    [0, "0 ns"],
    [1, "1 ns"],
    [417, "417 ns"],
    [1_230, "1.23 µs"],
    [37_420_000, "37.4 ms"],
    [999_700_000, "1 s"],
    [2_514_600_000, "2.51 s"],
    [99_960_000_000, "1 min 40 s"],
    [120e9, "2 min"],
    [3_599_900_000_000, "1 h"],
    [3_900e9, "1 h 5 min"],
    [-60_000_000, "−60 ms"],
    [Number.NaN, "–"],
  ])("%d ns reads %s", (ns, text) => expect(formatDuration(ns)).toBe(text));
});
