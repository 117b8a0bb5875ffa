import { describe, expect, it } from "vitest";
import { formatRate, rateUnit } from "./rate.ts";

describe("formatRate", () => {
  it.each([
    [12.44, 12.44, "12.4/s"],
    [0.25, 12.44, "0.25/s"],
    [1234.5, 1234.5, "1,235/s"],
    [0.06, 0.06, "3.6/min"],
    [0.002, 0.06, "0.12/min"],
    [2 / 3600, 2 / 3600, "2/h"],
    [0, 5, "0/s"],
    [Number.NaN, 0, "0/h"],
  ])("%f a second, at most %f, reads %s", (rate, most, text) => expect(formatRate(rate, rateUnit(most))).toBe(text));
});
