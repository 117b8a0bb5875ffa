import { describe, expect, it } from "vitest";
import { pad, shorten, terminalWidth, textWidth } from "./width.ts";

describe("textWidth", () => {
  it.each([
    ["plain text", 10],
    ["größe", 5],
    ["gro\u0308ße", 5],
    ["日本語", 6],
    ["ﾊﾝｶｸ", 4],
    ["한국어", 6],
    ["\u1112\u1161\u11ab", 2],
    ["🚀", 2],
    ["👩‍👩‍👧", 2],
    ["🇫🇷", 2],
    ["👍🏽", 2],
    ["❤️", 2],
    ["├─ █·", 5],
    ["a\u200bb", 2],
    ["", 0],
  ])("of %j is %i", (text, width) => {
    expect(textWidth(text)).toBe(width);
  });
});

describe("shorten", () => {
  it("cuts at whole characters and shows that something is missing", () => {
    expect(shorten("GET /orders", 11)).toBe("GET /orders");
    expect(shorten("GET /orders", 8)).toBe("GET /or…");
    expect(shorten("日本語", 6)).toBe("日本語");
    expect(shorten("日本語", 5)).toBe("日本…");
    expect(shorten("日本語", 4)).toBe("日…");
    expect(shorten("a👩‍👩‍👧b", 3)).toBe("a…");
    expect(shorten("abc", 1)).toBe("…");
    expect(shorten("abc", 0)).toBe("");
  });
});

describe("pad", () => {
  it("fills up to a width", () => {
    expect([pad("日", 4), pad("日", 4, "left"), pad("abc", 2)]).toEqual(["日  ", "  日", "abc"]);
  });
});

describe("terminalWidth", () => {
  it("is that of a terminal, and none for files and pipes", () => {
    expect(terminalWidth({ isTTY: true, columns: 100 })).toBe(100);
    expect(terminalWidth({ isTTY: true, columns: 9 })).toBe(40);
    expect(terminalWidth({ isTTY: false, columns: 100 })).toBeUndefined();
    expect(terminalWidth({ isTTY: true, columns: 0 })).toBeUndefined();
  });
});
