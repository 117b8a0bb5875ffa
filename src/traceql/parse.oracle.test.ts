import { parser } from "@grafana/lezer-traceql";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyQuery } from "../../test/support/traceql/arbitrary-queries.ts";
import { EXAMPLES, REFUSED } from "../../test/support/traceql/examples.ts";
import { mutatedExample } from "../../test/support/traceql/mutated-examples.ts";
import { TraceqlError } from "./error.ts";
import { parseTraceql } from "./parse.ts";
import { printTraceql } from "./print.ts";

/** The grammar that Grafana's editor checks queries with. It knows no types, so only the form is compared. */
const grammar = parser.configure({ strict: true });

/** Why one takes a query that the other refuses; the example is such a query. */
interface Reason {
  readonly why: string;
  readonly pattern: RegExp;
  readonly example: string;
}

/** What we take by Tempo's own grammar (pkg/traceql/expr.y, lexer.go) and that one does not know. */
const ONLY_OURS: readonly Reason[] = [
  { why: "positions in the nested set", pattern: /nestedSet(?:Left|Right|Parent)/, example: "{ nestedSetParent < 0 }" },
  { why: "the number of children", pattern: /childCount/, example: "{ span:childCount = 0 }" },
  { why: "hints beside most_recent", pattern: /with \(/, example: "{ } | rate() with (exemplars=true)" },
  { why: "bounds of integers", pattern: /minInt|maxInt/, example: "{ .a < maxInt }" },
  { why: "scopes and intrinsics of the parent", pattern: /parent\./, example: "{ parent.event.a = 1 }" },
  { why: "exponents of numbers", pattern: /\d[eE][+-]?\d/, example: "{ .a = 1e300 }" },
  { why: "days, and several units in a row", pattern: /\d[dwy]\b|\d[a-z]+\d/, example: "{ duration > 1h30m }" },
  { why: "escapes in strings", pattern: /\\/, example: '{ .a = "\\\\\\n" }' },
  {
    why: "names that begin as a scope does",
    pattern: /\.(?:span|resource|parent|event|link|instrumentation)\b/,
    example: "{ span.span.a = 1 }",
  },
  { why: "blanks before parentheses", pattern: /\s\(/, example: "count () > 1" },
  { why: "names of other characters", pattern: /[.][^A-Za-z_"]/, example: "{ .ünï = 1 }" },
];

/** What that one takes, and Tempo and we do not. */
const ONLY_THEIRS: readonly Reason[] = [
  {
    why: "stages that operators join",
    pattern:
      /(?:[&~><|]|\|\|)\s*(?:\(\s*)*(?:by|select|coalesce|count|avg|min|max|sum|-|\d|\w+_over_time|rate|topk|bottomk)\b/,
    example: "{ .a } && by(.a)",
  },
  {
    why: "an operator after a stage that is no span",
    pattern: /\)\s*(?:[!&]?(?:>>?|<<?|~)|&&|\|\|)/,
    example: "by(.a) && { .a }",
  },
  {
    why: "a comparison of an aggregate joined with spans",
    pattern: /[)\d][a-z]*"?`?\s*(?:[!&]?(?:>>?|<<?|~)|&&|\|\|)/,
    example: "count() > 3 && { .a }",
  },
  { why: "expressions to select", pattern: /select\s*\(/, example: '{ } | select("x")' },
  { why: "siblings of values", pattern: / ~ [^{(]/, example: "{ .a ~ 500 }" },
  { why: "aggregates that match", pattern: /\)[^{}]*[=!]~/, example: "avg(duration) =~ 20ms" },
  { why: "a blank within an attribute", pattern: /\.\s/, example: "{ span. a = 1 }" },
  { why: "functions of metrics among stages", pattern: /_over_time|rate|topk|bottomk/, example: "{ } | topk(5)" },
];

describe("parseTraceql and the grammar of Grafana's editor", () => {
  it.each(EXAMPLES)("both take %s", (text) => {
    expect(parses(text)).toBe(true);
    expect(grammarTakes(text) || reasonFor(text, ONLY_OURS)).toBeTruthy();
  });

  it.each(REFUSED)("both refuse %s", (text) => {
    expect(parses(text)).toBe(false);
    expect(!grammarTakes(text) || reasonFor(text, ONLY_THEIRS)).toBeTruthy();
  });

  it("agree on generated queries", () => {
    fc.assert(
      fc.property(anyQuery, (query) => {
        const text = printTraceql(query);
        expect(grammarTakes(text) || reasonFor(text, ONLY_OURS), text).toBeTruthy();
      }),
      { numRuns: 2_000 },
    );
  });

  it("agree on examples with words changed", () => {
    fc.assert(
      fc.property(mutatedExample, (text) => {
        const ours = parses(text);
        if (ours === undefined || ours === grammarTakes(text)) return;
        expect(reasonFor(text, ours ? ONLY_OURS : ONLY_THEIRS), `${text}\nparses: ${ours}`).toBeTruthy();
      }),
      { numRuns: 5_000 },
    );
  });

  it.each(ONLY_OURS)("only we take $why: $example", ({ example, pattern }) => {
    expect(example).toMatch(pattern);
    expect([parses(example), grammarTakes(example)]).toEqual([true, false]);
  });

  it.each(ONLY_THEIRS)("we refuse $why: $example", ({ example, pattern }) => {
    expect(example).toMatch(pattern);
    expect([parses(example), grammarTakes(example)]).toEqual([false, true]);
  });
});

/** Undefined for what has the form and means nothing. */
function parses(text: string): boolean | undefined {
  try {
    parseTraceql(text);
    return true;
  } catch (error) {
    if (!(error instanceof TraceqlError)) throw error;
    return error.kind === "syntax" ? false : undefined;
  }
}

function grammarTakes(text: string): boolean {
  try {
    grammar.parse(text);
    return true;
  } catch {
    return false;
  }
}

function reasonFor(text: string, reasons: readonly Reason[]): Reason | undefined {
  return reasons.find(({ pattern }) => pattern.test(text));
}
