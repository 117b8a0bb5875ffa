import { describe, expect, it } from "vitest";
import { tagText, valueText } from "./value-text.ts";

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
