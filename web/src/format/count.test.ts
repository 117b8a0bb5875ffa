import { expect, it } from "vitest";
import { counted, formatCount } from "./count.ts";

it.each([
  [0, "0"],
  [999, "999"],
  [1000, "1,000"],
  [100_000, "100,000"],
  [1_234_567, "1,234,567"],
  [-1_000, "-1,000"],
])("%d reads %s", (count, text) => expect(formatCount(count)).toBe(text));

it("agrees in number", () => {
  expect([0, 1, 2, 1200].map((count) => counted(count, "span"))).toEqual([
    "0 spans",
    "1 span",
    "2 spans",
    "1,200 spans",
  ]);
  expect(counted(2, "query", "queries")).toBe("2 queries");
});
