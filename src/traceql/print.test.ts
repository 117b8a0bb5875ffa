import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyQuery } from "../../test/support/traceql/arbitrary-queries.ts";
import { parseTraceql } from "./parse.ts";
import { printTraceql } from "./print.ts";

describe("printTraceql", () => {
  it("writes what parses to the same query, and is written the same again", () => {
    fc.assert(
      fc.property(anyQuery, (query) => {
        const text = printTraceql(query);
        const parsed = parseTraceql(text);
        expect(parsed, text).toEqual(query);
        expect(printTraceql(parsed)).toBe(text);
      }),
      { numRuns: 3_000 },
    );
  });

  const spellings: [string, string][] = [
    ['{span:name="a"&&trace:duration>1h30m}', '{ name = "a" && traceDuration > 90m }'],
    ["count() > 2", "{ } | count() > 2"],
    ["(({.a}))", "{ .a }"],
    ["({ .a } | count() > 2 | { .b }) && ({ .c })", "({ .a } | count() > 2 | { .b }) && { .c }"],
    ["{ .a }\n/* both */ >> // below\n{ .b }", "{ .a } >> { .b }"],
    ['{ span."http.method" = `GET` }', '{ span.http.method = "GET" }'],
    ['{ span.attribute."with space" = "\\u00e9\\x41" }', '{ span."attribute.with space" = "éA" }'],
    ["{ .a || .b && .c }", "{ .a || .b && .c }"],
    ["{ .a || (.b && .c) }", "{ .a || (.b && .c) }"],
    ["{ -(1 + .a) * 2 = (-3) ^ 2 ^ 2 }", "{ -(1 + .a) * 2 = (-3) ^ 2 ^ 2 }"],
    ['{ trace:id = "0AB" }', `{ trace:id = "${"0".repeat(29)}0ab" }`],
    [
      "{} | avg_over_time(span:duration) by(span.a,name)|topk(5) with(exemplars=true)",
      "{ } | avg_over_time(duration) by (span.a, name) | topk(5) with (exemplars=true)",
    ],
  ];
  it.each(spellings)("%s", (text, canonical) => {
    expect(printTraceql(parseTraceql(text))).toBe(canonical);
  });
});
