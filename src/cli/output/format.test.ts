import { describe, expect, it } from "vitest";
import { formatDuration, printable, table } from "./format.ts";

describe("formatDuration", () => {
  it("has three digits and the unit that fits", () => {
    expect([0, 40, 830_000, 12_500_000, 1_240_000_000, 3_602_000_000_000, -60_000_000].map(formatDuration)).toEqual([
      "0 ns",
      "40 ns",
      "830 µs",
      "12.5 ms",
      "1.24 s",
      "3600 s",
      "-60 ms",
    ]);
  });
});

describe("printable", () => {
  it("shows what would move the cursor or turn the line around", () => {
    expect(printable("a\u001b[31mb\n\u202ec\u0000")).toBe("a\\u001b[31mb\\u000a\\u202ec\\u0000");
    expect(printable("größe ✓")).toBe("größe ✓");
  });
});

describe("table", () => {
  it("aligns by characters, not bytes", () => {
    expect(
      table(
        ["name", "n"],
        [
          ["größe", "1"],
          ["x", "22"],
        ],
        [1],
      ),
    ).toBe("name    n\ngröße   1\nx      22\n");
  });
});
