import { expect, it } from "vitest";
import type { UiRankedAttribute } from "../../../../src/query/ui/explain-selection/explain-types.ts";
import { havingAnother, havingIt, narrowedSearch } from "./narrowed-search.ts";

const sku: UiRankedAttribute = {
  scope: "span",
  key: "shop.sku",
  value: "desk-22",
  condition: 'span.shop.sku = "desk-22"',
  selected: 5,
  rest: 1,
  selectedShare: 1,
  restShare: 0.1,
  byChance: false,
  outcome: false,
  alike: [],
};

it("finds the spans that have it, of the service that it was said of, and those with another value", () => {
  expect(havingIt(sku)).toBe('span.shop.sku = "desk-22"');
  expect(havingAnother({ ...sku, service: 'a"b' })).toBe(
    'resource.service.name = "a\\"b" && span.shop.sku != "desk-22"',
  );
  const { condition: _, ...unsaid } = sku;
  expect([havingIt(unsaid), havingAnother(unsaid)]).toEqual([undefined, undefined]);
  const { value: __, ...present } = { ...sku, condition: "span.shop.sku != nil" };
  expect([havingIt(present), havingAnother(present)]).toEqual(["span.shop.sku != nil", undefined]);
});

it("asks it of any span of the traces, and keeps what was selected", () => {
  const condition = havingIt(sku) as string;
  expect(narrowedSearch({ minTraceDuration: "1s", lookback: "1h", explain: "selection" }, condition)).toEqual({
    minTraceDuration: "1s",
    lookback: "1h",
    q: '{ span.shop.sku = "desk-22" }',
  });
  expect(narrowedSearch({ service: "frontend" }, condition)?.q).toBe(
    '{ resource.service.name = "frontend" } && { span.shop.sku = "desk-22" }',
  );
  expect(narrowedSearch({ q: "{ .a = 1 } | count() > 2 | select(.b)" }, condition)?.q).toBe(
    '({ .a = 1 } | count() > 2) && { span.shop.sku = "desk-22" } | select(.b)',
  );
  expect(narrowedSearch({ q: "{ .a = " }, condition)).toBeUndefined();
});
