import { describe, expect, it } from "vitest";
import { LOOKBACKS, lookbackMs, lookbackWords } from "./lookback.ts";

describe("look-backs", () => {
  it("reads any width, and no other text", () => {
    expect(lookbackMs("1.5h")).toBe(5_400_000);
    expect(lookbackMs("all")).toBe(Number.POSITIVE_INFINITY);
    expect(lookbackMs("soon")).toBeUndefined();
  });

  it.each(LOOKBACKS)("offers $value as long as it reads it", ({ value, ms }) => expect(lookbackMs(value)).toBe(ms));

  it("says one in a sentence", () => {
    expect(lookbackWords("24h")).toBe("in the last 24 hours");
    expect(lookbackWords("90m")).toBe("in the last 90m");
    expect(lookbackWords("all")).toBe("at any time");
  });
});
