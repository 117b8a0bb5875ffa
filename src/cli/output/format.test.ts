import { describe, expect, it } from "vitest";
import { count, formatShortTime, printable } from "../../query/text/readable.ts";
import { table } from "./format.ts";

describe("printable", () => {
  it("shows what would move the cursor or turn the line around", () => {
    expect(printable("a\u001b[31mb\n\u202ec\u0000")).toBe("a\\u001b[31mb\\u000a\\u202ec\\u0000");
    expect(printable("größe ✓")).toBe("größe ✓");
  });
});

describe("table", () => {
  it("aligns by what a terminal shows, not by bytes", () => {
    const rows = [
      ["größe", "1"],
      ["日本", "22"],
    ];
    expect(table(["name", "n"], rows, { right: [1] })).toBe("name    n\ngröße   1\n日本   22\n");
  });

  it("cuts the widest texts where lines would be too long", () => {
    const rows = [["1", "a".repeat(30), "0af7651916cd43dd", "b".repeat(50)]];
    const text = table(["n", "root", "trace", "error"], rows, { width: 60, flexible: [1, 3] });
    const [, line = ""] = text.split("\n");
    expect(line).toBe(`1  ${"a".repeat(17)}…  0af7651916cd43dd  ${"b".repeat(18)}…`);
    expect(line.length).toBe(60);
  });
});

describe("count", () => {
  it("has singular and plural", () => {
    expect([count(0, "span"), count(1, "span"), count(2, "span"), count(2, "reply", "replies")]).toEqual([
      "0 spans",
      "1 span",
      "2 spans",
      "2 replies",
    ]);
  });
});

describe("formatShortTime", () => {
  it("has the date of other days only", () => {
    const now = new Date(2026, 2, 5, 12);
    const at = (date: Date) => formatShortTime(BigInt(date.getTime()) * 1_000_000n, now);
    expect(at(new Date(2026, 2, 5, 9, 8, 7, 654))).toBe("09:08:07");
    expect(at(new Date(2026, 2, 4, 9, 8, 7))).toBe("2026-03-04 09:08:07");
  });
});
