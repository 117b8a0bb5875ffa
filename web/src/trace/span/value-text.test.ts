import { describe, expect, it } from "vitest";
import { jsonLayout, linkOf, tagText, valueText } from "./value-text.ts";

describe("values", () => {
  it("keeps strings and 64-bit integers to the digit", () => {
    expect(valueText({ type: "string", value: "</script>" })).toBe("</script>");
    expect(valueText({ type: "int", value: "9223372036854775807" })).toBe("9223372036854775807");
    expect(valueText({ type: "double", value: "NaN" })).toBe("NaN");
    expect(valueText({ type: "empty", value: null })).toBe("");
  });
  it("writes nested values as JSON", () => {
    const nested = {
      type: "array",
      value: [
        { type: "bool", value: true },
        { type: "kvlist", value: [{ key: "a", type: "double", value: 0.5 }] },
      ],
    } as const;
    expect(JSON.parse(valueText(nested))).toEqual([true, { a: 0.5 }]);
    expect(tagText({ key: "k", ...nested })).toBeUndefined();
    expect(tagText({ key: "k", type: "bool", value: false })).toBe("false");
  });
});

describe("texts that are more", () => {
  it("lays out JSON objects and lists, where their numbers stay what they are", () => {
    expect(jsonLayout('{"a":[1,"2e400"]}')).toBe('{\n  "a": [\n    1,\n    "2e400"\n  ]\n}');
    for (const text of [
      "{a}",
      '"text"',
      "12",
      "",
      '{"id":12345678901234567890}',
      "[1.0]",
      `[${"1,".repeat(60_000)}1]`,
    ]) {
      expect(jsonLayout(text)).toBeUndefined();
    }
  });

  it("follows web addresses alone", () => {
    expect(linkOf("https://example.com/a?b=c#d")).toBe("https://example.com/a?b=c#d");
    for (const text of [
      "javascript:alert(1)",
      "ftp://a/b",
      "see https://a",
      "https://a b",
      "https://",
      'http://a/"onx',
    ]) {
      expect(linkOf(text)).toBeUndefined();
    }
  });
});
