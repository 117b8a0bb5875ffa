import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTraceql } from "../../../../src/traceql/parse.ts";
import { printTraceql } from "../../../../src/traceql/print.ts";
import { anyQuery } from "../../../../test/support/traceql/arbitrary-queries.ts";
import { conditionsOfSearch, excluding, including, queryText, refined, toggled } from "./refine.ts";
import { readSearchParams } from "./search-params.ts";

const EU = including({ field: ".shop.region", literal: '"eu"' });
const NOT_EU = excluding({ field: ".shop.region", literal: '"eu"' });

describe("a search that is refined", () => {
  it("keeps service and operation where Jaeger UI has them, and becomes a query for what these cannot say", () => {
    const service = including({ field: "resource.service.name", literal: '"shop"' });
    const one = toggled({ lookback: "2d" }, service);
    expect(one).toEqual({ lookback: "2d", service: "shop" });
    const two = toggled(one, EU);
    expect(two).toEqual({ lookback: "2d", q: '{ resource.service.name = "shop" && .shop.region = "eu" }' });
    expect([...conditionsOfSearch(two)]).toEqual([service, EU]);
    expect(toggled(two, EU)).toEqual(one);
    expect(toggled(toggled(two, service), EU)).toEqual({ lookback: "2d" });
  });

  it("excludes what has another value and what has none", () => {
    expect(toggled({}, NOT_EU)).toEqual({ q: '{ !(.shop.region = "eu") }' });
    expect(toggled({ q: `{ ${NOT_EU} }` }, NOT_EU)).toEqual({});
  });

  it("finds what the form's tags find: other names of conventions, events and scopes, too", () => {
    const text = queryText(readSearchParams({ service: "shop", tags: '{"http.status_code":"500","error":"true"}' }));
    expect(text).toContain('resource.service.name = "shop"');
    expect(text).toContain('.http.response.status_code = "500"');
    expect(text).toContain('event.http.status_code = "500" || event.http.status_code = 500');
    expect(text).toContain("status = error");
    expect(() => parseTraceql(text)).not.toThrow();
  });

  it.each([
    ["{ .a } >> { .b }", '{ .a } >> { .b } | { .shop.region = "eu" }'],
    ["{ .a } | count() > 2 | select(.b)", '{ .a } | count() > 2 | { .shop.region = "eu" } | select(.b)'],
    ["{ .a = 1 || .b = 2 } | select(.b)", '{ (.a = 1 || .b = 2) && .shop.region = "eu" } | select(.b)'],
    ["{ }", '{ .shop.region = "eu" }'],
  ])("asks it of the spans that %s leaves", (query, expected) => {
    expect(refined(query, EU)).toBe(expected);
  });

  it("is a query again, for any query", () => {
    fc.assert(
      fc.property(anyQuery, (query) => {
        if (query.metrics !== undefined) return;
        const text = printTraceql(query);
        expect(() => parseTraceql(refined(text, NOT_EU)), text).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});
