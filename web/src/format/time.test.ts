import { describe, expect, it } from "vitest";
import {
  formatAbsolute,
  formatClock,
  formatMoment,
  formatRelative,
  fromLocalInput,
  nanoToMs,
  toLocalInput,
} from "./time.ts";

describe("formatRelative", () => {
  const now = 1_800_000_000_000;
  it.each([
    [now, "now"],
    [now - 999, "now"],
    [now - 12_345, "12 s ago"],
    [now - 3 * 60_000, "3 min ago"],
    [now - 5.5 * 3_600_000, "5 h ago"],
    [now - 49 * 3_600_000, "2 d ago"],
    [now + 2 * 3_600_000, "in 2 h"],
  ])("%d", (time, text) => expect(formatRelative(time, now)).toBe(text));
});

it("shows a dash for what is no time", () => {
  expect([formatAbsolute(0), formatAbsolute(2 ** 64 / 1e6)]).toEqual(["–", "–"]);
  expect(formatRelative(0, 1_800_000_000_000)).toBe("");
});

describe("nanoToMs", () => {
  it("keeps the microseconds of a time", () => {
    expect(nanoToMs("1700000000123456789")).toBe(1700000000123.456);
    expect(nanoToMs(1700000000123456789n)).toBe(1700000000123.456);
  });
});

describe("absolute times", () => {
  const time = new Date(2026, 2, 4, 15, 6, 7, 89).getTime();
  it("is local and sortable", () => {
    expect(formatAbsolute(time)).toBe("2026-03-04 15:06:07.089");
    expect(formatClock(time)).toBe("15:06:07.089");
    expect(formatAbsolute(Number.NaN)).toBe("–");
  });
  it("leaves today's date out", () => {
    expect(formatMoment(time, time + 8 * 3_600_000)).toBe("15:06:07.089");
    expect(formatMoment(time, time + 9 * 3_600_000)).toBe("2026-03-04 15:06:07.089");
  });
  it("survives a datetime-local input to the second", () => {
    expect(toLocalInput(time)).toBe("2026-03-04T15:06:07");
    expect(fromLocalInput(toLocalInput(time))).toBe(time - 89);
    expect(fromLocalInput("")).toBeUndefined();
    expect(fromLocalInput("soon")).toBeUndefined();
  });
});
