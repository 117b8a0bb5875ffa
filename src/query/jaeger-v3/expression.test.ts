import { expect, it } from "vitest";
import { parseExpression } from "./expression.ts";

it("bounds the terms of a filter, values of lists among them", () => {
  const listOf = (count: number) => ({ list: { values: Array.from({ length: count }, () => "a") } });
  const filter = (count: number) => JSON.stringify({ op: "in", args: [{ attr: { key: "k" } }, listOf(count)] });
  expect(parseExpression(filter(900)).args).toHaveLength(2);
  expect(() => parseExpression(filter(1_000))).toThrow("query.filter.args[1].list: more than 1000 terms");
});
