import { describe, expect, it } from "vitest";
import { MAX_PATTERN } from "../../model/text/text-pattern.ts";
import { compilePattern, MAX_SUBJECT } from "./pattern.ts";

describe("compilePattern", () => {
  it("matches the whole text", () => {
    const matches = compilePattern("GET|POST /a.*");
    expect(matches("GET")).toBe(true);
    expect(matches("POST /abc")).toBe(true);
    expect(matches("GET /")).toBe(false);
    expect(matches("a GET")).toBe(false);
    expect(compilePattern("a.b")("a\nb")).toBe(false);
    expect(compilePattern("(?:/api/v[12])/(users|carts)/\\d+")("/api/v2/carts/17")).toBe(true);
    expect(compilePattern("[)(*+]+")("(+)")).toBe(true);
  });

  it("takes RE2's flags at the beginning", () => {
    expect(compilePattern("(?i)get|post")("POST")).toBe(true);
    expect(compilePattern("(?is)a.b")("A\nB")).toBe(true);
    expect(compilePattern("(?i)get")("get /")).toBe(false);
    expect(() => compilePattern("a(?i)b")).toThrow(/regular expression/);
    expect(() => compilePattern("(?i)(a+)+")).toThrow(/repeated group/);
  });

  const refused: [string, string, RegExp][] = [
    ["what is no expression", "(a", /Unterminated group|unmatched/i],
    ["a closing bracket too many", "a)", /unmatched \)/],
    ["back references", "(a)\\1", /back references/],
    ["look-around", "(?=a)b", /look-around/],
    ["look-behind", "(?<!a)b", /look-around/],
    ["nested repetition", "(a+)+b", /repeated group/],
    ["deeper nested repetition", "((a*)b)*", /repeated group/],
    ["a repeated choice", "(a|a)*b", /repeated group/],
    ["a counted nested repetition", "(a+){10,}", /repeated group/],
    ["what is too long", "a".repeat(MAX_PATTERN + 1), /at most 512/],
  ];
  for (const [what, pattern, message] of refused) {
    it(`refuses ${what}`, () => {
      expect(() => compilePattern(pattern)).toThrow(message);
      expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ code: "bad_request" }));
    });
  }

  it("does not try texts beyond the bound", () => {
    const matches = compilePattern("a*");
    expect(matches("a".repeat(MAX_SUBJECT))).toBe(true);
    expect(matches("a".repeat(MAX_SUBJECT + 1))).toBe(false);
  });
});
