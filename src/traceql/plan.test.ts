import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batches } from "../../test/support/search/arbitrary-traces.ts";
import { flatten, group, satisfies } from "../../test/support/search/naive-search.ts";
import { selectorQuery, traceqlQuery } from "../../test/support/traceql/arbitrary-queries.ts";
import { MEANING_TRACE, MEANINGS } from "../../test/support/traceql/meanings.ts";
import { naiveMatches } from "../../test/support/traceql/naive-traceql.ts";
import type { TracesData } from "../model/span.ts";
import type { SpanFilter } from "../model/trace-query.ts";
import type { TraceqlQuery } from "../model/traceql.ts";
import { parseTraceql } from "./parse.ts";
import { planTraceql } from "./plan.ts";

describe("planTraceql", () => {
  const counts = { exact: 0, bounded: 0, found: 0 };

  it("finds with its filter at least what the query means, and exactly that where it needs no spansets", () => {
    const query = fc.oneof(selectorQuery, traceqlQuery);
    fc.assert(
      fc.property(batches, query, (data, one) => check(data, one, counts)),
      { numRuns: 1_500 },
    );
    // A busy machine sees fewer cases: of those there were, enough of each kind.
    const seen = counts.exact + counts.bounded;
    expect(counts.exact).toBeGreaterThan(seen / 15);
    expect(counts.bounded).toBeGreaterThan(seen / 15);
    expect(counts.found).toBeGreaterThan(seen / 15);
  });

  it.each(MEANINGS)("%s", (text) => {
    check([MEANING_TRACE], parseTraceql(text), counts);
  });

  const span = (key: string): SpanFilter => ({
    op: "compare",
    field: { scope: "span", key },
    is: "=",
    value: { type: "int", value: 1n },
  });
  const [a, b, c] = ["a", "b", "c"].map(span) as [SpanFilter, SpanFilter, SpanFilter];
  const exact: [string, SpanFilter][] = [
    ["{ }", { op: "all" }],
    ["{ span.a = 1 }", a],
    ["{ 1 = span.a }", a],
    ["{ span.a = 3 - 2 }", a],
    ["{ span.a = 1 && span.b = 1 && span.c = 1 }", { op: "and", of: [a, b, c] }],
    ["{ span.a = 1 } || { span.b = 1 }", { op: "or", of: [a, b] }],
    ["{ span.a = 1 } | { span.b = 1 } | select(name)", { op: "and", of: [a, b] }],
    [
      "{ !(span.a = 1 || span.b = 1) }",
      {
        op: "and",
        of: [
          { op: "not", of: a },
          { op: "not", of: b },
        ],
      },
    ],
    ["{ span.a = nil }", { op: "not", of: { op: "exists", field: { scope: "span", key: "a" } } }],
    [
      "{ .a = 1 }",
      {
        op: "or",
        of: [
          a,
          {
            op: "and",
            of: [
              { op: "not", of: { op: "exists", field: { scope: "span", key: "a" } } },
              { op: "compare", field: { scope: "resource", key: "a" }, is: "=", value: { type: "int", value: 1n } },
            ],
          },
        ],
      },
    ],
    [
      '{ resource.service.name = "web" }',
      { op: "compare", field: { intrinsic: "service" }, is: "=", value: { type: "string", value: "web" } },
    ],
    [
      "{ nestedSetParent < 0 }",
      { op: "compare", field: { intrinsic: "root" }, is: "=", value: { type: "bool", value: true } },
    ],
  ];
  it.each(exact)("%s is a filter alone", (text, filter) => {
    expect(planTraceql(parseTraceql(text))).toEqual({ filter });
  });

  const bounded: [string, SpanFilter, readonly SpanFilter[]][] = [
    ["{ span.a = 1 } && { span.b = 1 }", { op: "or", of: [a, b] }, [a, b]],
    ["{ span.a = 1 } >> { span.b = 1 }", b, [a]],
    ["{ span.a = 1 } !>> { span.b = 1 }", b, []],
    ["{ span.a = 1 } &>> { span.b = 1 }", { op: "or", of: [a, b] }, [a, b]],
    ["{ span.a = 1 && parent.b = 2 }", a, []],
    ["{ span.a = 1 || traceDuration > 1s }", { op: "all" }, []],
    ["{ !(span.a = 1 && traceDuration > 1s) }", { op: "all" }, []],
    ["{ span.a = 1 } | count() > 2", a, []],
    ["({ span.a = 1 } | count() > 2) > { span.b = 1 } | { span.c = 1 }", { op: "and", of: [b, c] }, [a, b, c]],
  ];
  it.each(bounded)("%s needs spansets", (text, filter, also) => {
    const query = parseTraceql(text);
    expect(planTraceql(query)).toEqual({
      filter,
      spansets: query.pipeline,
      ...(also.length === 0 ? {} : { also }),
    });
  });
});

function check(
  data: readonly TracesData[],
  query: TraceqlQuery,
  counts: Record<"exact" | "bounded" | "found", number>,
) {
  const { filter, spansets, also = [] } = planTraceql(query);
  counts[spansets === undefined ? "exact" : "bounded"]++;
  for (const spans of group(flatten(data)).values()) {
    const meant = naiveMatches(spans, query);
    const passed = spans.filter((span) => satisfies(span, filter));
    if (spansets === undefined) expect(passed).toEqual(meant);
    else expect(meant.filter((span) => !passed.includes(span))).toEqual([]);
    if (meant.length === 0) continue;
    counts.found++;
    for (const one of also) expect(spans.some((span) => satisfies(span, one))).toBe(true);
  }
}
