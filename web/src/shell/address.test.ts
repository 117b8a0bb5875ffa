import { describe, expect, it } from "vitest";
import { formatAddress, parseAddress } from "./address.ts";

describe("address", () => {
  it("keeps values as text and repeated keys as lists", () => {
    expect(parseAddress("?limit=20&tag=a:1&tag=b:2&tags=%7B%22error%22%3A%22true%22%7D")).toEqual({
      limit: "20",
      tag: ["a:1", "b:2"],
      tags: '{"error":"true"}',
    });
  });
  it("writes what it reads and leaves out what is empty", () => {
    const values = { service: "a/b c", tag: ["x:1", "y:2"], operation: undefined, limit: "" };
    expect(formatAddress(values)).toBe("?service=a%2Fb+c&tag=x%3A1&tag=y%3A2");
    expect(parseAddress(formatAddress(values))).toEqual({ service: "a/b c", tag: ["x:1", "y:2"] });
    expect(formatAddress({})).toBe("");
  });
});
