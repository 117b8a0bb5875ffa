import { describe, expect, it } from "vitest";
import { formatOffset, parseDuration } from "./duration.ts";

describe("formatOffset", () => {
  it("keeps one unit and as many digits as the step needs", () => {
    expect(formatOffset(500_000, 250_000, 2_000_000)).toBe("0.5 ms");
    expect(formatOffset(250_000, 50_000, 2_000_000)).toBe("0.25 ms");
    expect(formatOffset(4e9, 2e9, 10e9)).toBe("4 s");
    expect(formatOffset(0, 2e9, 10e9)).toBe("0");
    expect(formatOffset(-20, 10, 100)).toBe("−20 ns");
  });

  it("reads long axes in minutes and hours", () => {
    expect(formatOffset(600e9, 600e9, 3602e9)).toBe("10 min");
    expect(formatOffset(5400e9, 1800e9, 7200e9)).toBe("1 h 30 min");
  });
});

describe("parseDuration", () => {
  it.each([
    ["100ms", 100e6],
    [" 1.2 s ", 1.2e9],
    ["500us", 500e3],
    ["500µs", 500e3],
    ["2m", 120e9],
    [".5ns", 0.5],
  ])("%s", (text, ns) => expect(parseDuration(text)).toBe(ns));
  it.each(["", "12", "ms", "1 fortnight", "-1s", "1e3ms"])("refuses %j", (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );
});
