import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EXAMPLES } from "../../test/support/traceql/examples.ts";
import { mutatedExample } from "../../test/support/traceql/mutated-examples.ts";
import { TraceqlError } from "./error.ts";
import { MAX_QUERY } from "./lex.ts";
import { parseTraceql } from "./parse.ts";
import { MAX_NESTING, MAX_PARTS } from "./token-reader.ts";

const OPERAND = "an attribute such as span.key or .key, an intrinsic such as name or duration, a value, !, - or (";

describe("parseTraceql refuses", () => {
  const errors: [string, string][] = [
    ["", "line 1, column 1: found the end of the query, expected a query such as { status = error }"],
    ["{ statsu = error }", `line 1, column 3: found "statsu", expected ${OPERAND}; did you mean "status"?`],
    ["{ status = eror }", 'line 1, column 12: found "eror", expected one of unset, ok, error; did you mean "error"?'],
    [
      "{ kind = serve }",
      'line 1, column 10: found "serve", expected one of unspecified, internal, server, client, producer, consumer; did you mean "server"?',
    ],
    [
      "{ spn.a = 1 }",
      'line 1, column 3: found scope "spn.", expected span., resource., event., link., instrumentation., parent. or .; did you mean "span."?',
    ],
    [
      "{ span:durations > 1s }",
      'line 1, column 3: found "span:durations", expected span:name, span:kind, span:status, span:statusMessage, span:duration, span:id, span:parentID, span:childCount; did you mean "span:duration"?',
    ],
    ["{ span = 1 }", 'line 1, column 3: found "span", expected span.key: the name of an attribute after a dot'],
    ["{ .a == 4 }", `line 1, column 7: found "=", expected ${OPERAND}`],
    ["{ .a < 3", "line 1, column 9: found the end of the query, expected an operator or }"],
    ["{ .a = 'x' }", 'line 1, column 8: found "\'", expected a string in "double quotes" or `backticks`'],
    ['{ .a = "x }', 'line 1, column 8: found a string without an end, expected a closing "'],
    [
      String.raw`{ .a =~ "\d" }`,
      String.raw`line 1, column 10: found "\\d", expected an escape that Go knows, such as \" \\ \n \t \u00e9; a backslash of a pattern is written \\, or the pattern in backticks`,
    ],
    ["{ .a }\n  && /* { .b }", "line 2, column 6: found a comment without an end, expected a closing */"],
    [
      "{ duration > 5min }",
      'line 1, column 14: found "5min", expected a number, or a duration of at most 2^63 ns in ns, us, ms, s, m, h, d, w or y',
    ],
    [
      "{ .a = 9223372036854775808 }",
      'line 1, column 8: found "9223372036854775808", expected a whole number of at most 9223372036854775807',
    ],
    [
      "{ .a } <= { .b }",
      'line 1, column 8: found "<=", expected an operator between spans (&&, ||, >, >>, <, <<, ~), |, with (…) or the end',
    ],
    [
      "{ .a } | cuont() > 2",
      'line 1, column 10: found "cuont", expected { … }, count(), avg(…), min(…), max(…), sum(…), by(…), select(…) or coalesce(); did you mean "count"?',
    ],
    [
      "{ .a } | count()",
      "line 1, column 17: found the end of the query, expected a comparison of the aggregate: =, !=, >, >=, < or <=",
    ],
    [
      "count() > 3 && { .a }",
      'line 1, column 13: found "&&", expected |, with (…) or the end: an aggregate is compared in a stage of its own, or in ( … )',
    ],
    [
      "{ } | rate() by (naem)",
      'line 1, column 18: found "naem", expected an attribute such as span.key, or an intrinsic such as duration; did you mean "name"?',
    ],
    [
      "{ } | rate() | topk(0)",
      'line 1, column 21: found "0", expected how many series: a whole number from 1 to 100000',
    ],
    ["{ } | quantile_over_time(duration, 99)", 'line 1, column 36: found "99", expected a quantile from 0 to 1'],
    ["{ } | rate() > 10", 'line 1, column 14: found ">", expected | topk(…), | bottomk(…), with (…) or the end'],
    [
      "{ } | compare({ .a })",
      'line 1, column 7: found "compare", expected a function of metrics other than compare, which is not supported: rate, count_over_time, min_over_time, max_over_time, avg_over_time, sum_over_time, histogram_over_time, quantile_over_time',
    ],
  ];
  it.each(errors)("%s", (text, message) => {
    expect(refusal(text)).toMatchObject({ message, kind: "syntax" });
  });

  const meaningless: [string, string][] = [
    ['{ duration > "x" }', 'line 1, column 14: found "x", expected a duration to compare with, not a string'],
    ["{ kind = 3 }", 'line 1, column 10: found "3", expected a kind to compare with, not a number'],
    ["{ kind > server }", 'line 1, column 8: found ">", expected = or !=, which a kind is compared by'],
    [
      '{ duration =~ "x" }',
      'line 1, column 12: found "=~", expected =, !=, >, >=, < or <=, which a duration is compared by',
    ],
    ["{ .a > nil }", 'line 1, column 6: found ">", expected = or !=, which nil is compared by'],
    ["{ .a =~ .b }", 'line 1, column 9: found ".b", expected a regular expression in quotes'],
    [
      '{ .a =~ "(a+)+" }',
      'line 1, column 9: found "(a+)+", expected a regular expression that can be used: a repeated group must not hold a repetition or a choice',
    ],
    [
      '{ .a =~ "(a" }',
      'line 1, column 9: found "(a", expected a regular expression that can be used: Unterminated group',
    ],
    [
      "{ name }",
      'line 1, column 3: found "name", a string, expected a condition: a comparison, true, false or an attribute alone',
    ],
    [
      "{ .a + 1 }",
      'line 1, column 3: found ".a + 1", a number, expected a condition: a comparison, true, false or an attribute alone',
    ],
    [
      "{ .a && 3 }",
      'line 1, column 9: found "3", a number, expected a condition: a comparison, true, false or an attribute alone',
    ],
    ['{ .a + "x" = 1 }', 'line 1, column 8: found "x", expected a number beside "+", not a string'],
    ["{ .a = 1 = 2 }", 'line 1, column 12: found "2", expected a condition to compare with, not a number'],
    ["{ -name = 1 }", 'line 1, column 4: found "name", expected a number beside "-", not a string'],
    ["{ } | max(name) > 1", 'line 1, column 11: found "name", expected a number to take max of, not a string'],
    ["{ } | sum(3) > 1", 'line 1, column 11: found "3", expected a field of the span'],
    ["{ } | by(1)", 'line 1, column 10: found "1", expected a field of the span'],
    [
      "3 = 2",
      'line 1, column 1: found "3 = 2", expected an aggregate on one side: count(), avg(…), min(…), max(…) or sum(…)',
    ],
  ];
  it.each(meaningless)("%s", (text, message) => {
    expect(refusal(text)).toMatchObject({ message, kind: "type" });
  });

  const large: [string, string, RegExp][] = [
    ["a long text", `{ .a = "${"x".repeat(MAX_QUERY)}" }`, /expected at most 16384/],
    ["many words", "((((".repeat(1_500), /expected at most 4096 words|at most 50 levels/],
    ["many parts", `{ ${".a || ".repeat(MAX_PARTS)} .a }`, /expected at most 1000 conditions/],
    [
      "deep parentheses",
      `{ ${"(".repeat(MAX_NESTING + 1)} .a ${")".repeat(MAX_NESTING + 1)} }`,
      /expected at most 50 levels/,
    ],
    ["many signs", `{ ${"-".repeat(MAX_NESTING + 1)} .a = 1 }`, /expected at most 50 levels/],
    ["powers of powers", `{ .a = ${"2 ^ ".repeat(MAX_NESTING + 1)} 2 }`, /expected at most 50 levels/],
  ];
  it.each(large)("%s", (_, text, message) => {
    expect(refusal(text)).toMatchObject({ message: expect.stringMatching(message), kind: "limit" });
  });
});

describe("any text", () => {
  it("is parsed, or refused by a TraceqlError with its place, in bounded time", () => {
    const word = fc.constantFrom(
      "{",
      "}",
      "(",
      ")",
      "|",
      "&&",
      "^",
      "-",
      "!",
      ".",
      "span.",
      "by",
      "count()",
      '"',
      "`",
      "\\",
      "/*",
      "//",
      "1",
      "5m",
      "=~",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.array(word, { maxLength: 2_000 }).map((words) => words.join("")),
      fc.array(word, { maxLength: 2_000 }).map((words) => words.join(" ")),
      fc.tuple(word, fc.nat(MAX_QUERY)).map(([one, times]) => one.repeat(times).slice(0, MAX_QUERY)),
      mutatedExample,
      fc.tuple(fc.constantFrom(...EXAMPLES), fc.nat(60)).map(([one, end]) => one.slice(0, end)),
    );
    fc.assert(
      fc.property(text, (one) => {
        const began = process.cpuUsage().user;
        try {
          parseTraceql(one);
        } catch (error) {
          expect(error).toBeInstanceOf(TraceqlError);
          const { line, column, at } = error as TraceqlError;
          const lines = one.split("\n");
          expect(column).toBeLessThanOrEqual((lines[line - 1] as string).length + 1);
          expect(at).toBe(lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0) + column - 1);
        }
        // CPU µs of this process: others may have the machine.
        expect(process.cpuUsage().user - began).toBeLessThan(1_000_000);
      }),
      { numRuns: 3_000 },
    );
  });
});

function refusal(text: string): unknown {
  try {
    return parseTraceql(text);
  } catch (error) {
    return error;
  }
}
