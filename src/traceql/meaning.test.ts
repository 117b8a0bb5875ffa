import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batches } from "../../test/support/search/arbitrary-traces.ts";
import { flatten, group } from "../../test/support/search/naive-search.ts";
import { traceqlQuery } from "../../test/support/traceql/arbitrary-queries.ts";
import { MEANING_TRACE, MEANINGS } from "../../test/support/traceql/meanings.ts";
import { naiveMatches } from "../../test/support/traceql/naive-traceql.ts";
import { parseTraceql } from "./parse.ts";
import { printTraceql } from "./print.ts";

// The naive evaluation is what the engine is held against; here it is held against what people read in the page.
describe("a query", () => {
  it.each(MEANINGS)("%s finds %s", (text, names) => {
    const found = naiveMatches(flatten([MEANING_TRACE]), parseTraceql(text));
    expect(found.map(({ span }) => span.name).join(" ")).toBe(names);
  });

  it("means the same after it was printed, and does not find everything or nothing alone", () => {
    const counts = { none: 0, some: 0 };
    fc.assert(
      fc.property(batches, traceqlQuery, (data, query) => {
        const again = parseTraceql(printTraceql(query));
        for (const spans of group(flatten(data)).values()) {
          const found = naiveMatches(spans, query);
          expect(naiveMatches(spans, again)).toEqual(found);
          if (found.length === 0) counts.none++;
          else counts.some++;
        }
      }),
      { numRuns: 300 },
    );
    expect(counts.none).toBeGreaterThan(100);
    expect(counts.some).toBeGreaterThan(100);
  });
});
