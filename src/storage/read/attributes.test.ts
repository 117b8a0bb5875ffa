import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { intAttribute, serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { batches, filter } from "../../../test/support/search/arbitrary-traces.ts";
import { MemorySource } from "../../../test/support/search/memory-source.ts";
import { flatten, type NaiveSpan, satisfies } from "../../../test/support/search/naive-search.ts";
import { type Attributes, anyValueText, findAttribute } from "../../model/any-value.ts";
import type { AttributeNamesQuery, AttributeValuesQuery, KeyScope } from "../../model/attribute-query.ts";
import { createTraceReader } from "./trace-reader.ts";

const LONGER = process.env.SPANLOOM_LONG_TESTS === "1" ? 50 : 1;
const { signal } = new AbortController();
const START = 1_795_392_039_440_000_000n;
const BUDGET = { limit: 10_000, budgetMs: 60_000 };

async function names(source: MemorySource, query: Partial<AttributeNamesQuery> = {}) {
  const found = await createTraceReader(source).attributeNames?.({ ...BUDGET, ...query }, signal);
  if (found === undefined) throw new Error("this reader knows names");
  return found;
}

async function values(
  source: MemorySource,
  query: Pick<AttributeValuesQuery, "field"> & Partial<AttributeValuesQuery>,
) {
  const found = await createTraceReader(source).attributeValues?.({ ...BUDGET, ...query }, signal);
  if (found === undefined) throw new Error("this reader knows values");
  return found;
}

function listsOf({ span, resource, scope }: NaiveSpan): Record<KeyScope, readonly Attributes[]> {
  return {
    resource: [resource.attributes],
    instrumentation: [scope.attributes],
    span: [span.attributes],
    event: span.events.map((event) => event.attributes),
    link: span.links.map((link) => link.attributes),
  };
}

const stored = fc.record({ data: batches, rollEvery: fc.integer({ min: 1, max: 6 }) }).map(({ data, rollEvery }) => {
  const source = new MemorySource();
  for (const [i, batch] of data.entries()) {
    source.append(batch);
    if ((i + 1) % rollEvery === 0) source.roll();
  }
  return { source, spans: flatten(data) };
});
const bound = fc.option(
  fc.integer({ min: -100, max: 6100 }).map((ns) => START + BigInt(ns)),
  { nil: undefined },
);
const range = fc.record({ startMin: bound, startMax: bound }).map(
  (bounds) =>
    Object.fromEntries(Object.entries(bounds).filter(([, at]) => at !== undefined)) as {
      startMin?: bigint;
      startMax?: bigint;
    },
);
const isIn = ({ span }: NaiveSpan, { startMin, startMax }: { startMin?: bigint; startMax?: bigint }) =>
  span.startTimeUnixNano >= (startMin ?? 0n) && span.startTimeUnixNano <= (startMax ?? 2n ** 64n);

describe("names and values of attributes", () => {
  it("are those of all spans, with how many spans have them", async () => {
    await fc.assert(
      fc.asyncProperty(stored, range, async ({ source, spans }, within) => {
        const expected = new Map<string, number>();
        const wanted = spans.filter((one) => isIn(one, within));
        for (const one of wanted) {
          const keys = Object.entries(listsOf(one)).flatMap(([scope, lists]) =>
            lists.flatMap((list) => list.map(({ key }) => `${scope} ${key}`)),
          );
          for (const key of new Set(keys)) expected.set(key, (expected.get(key) ?? 0) + 1);
        }
        const found = await names(source, within);
        expect(new Map(found.names.map(({ scope, key, spans }) => [`${scope} ${key}`, spans]))).toEqual(expected);
        expect(found).toMatchObject({ complete: true, spans: wanted.length });
      }),
      { numRuns: 60 * LONGER },
    );
  }, 600_000);

  it("are those of the spans that satisfy a filter", async () => {
    const field = fc.record({
      scope: fc.constantFrom<KeyScope>("resource", "instrumentation", "span", "event", "link"),
      key: fc.constantFrom("k", "http.status", "service.name"),
    });
    await fc.assert(
      fc.asyncProperty(stored, field, filter, async ({ source, spans }, field, filter) => {
        const expected = new Map<string, number>();
        for (const one of spans) {
          if (!satisfies(one, filter)) continue;
          const found = listsOf(one)[field.scope].flatMap((list) => findAttribute(list, field.key) ?? []);
          const texts = found.map((value) => `${value.type} ${anyValueText(value)}`);
          for (const text of new Set(texts)) expected.set(text, (expected.get(text) ?? 0) + 1);
        }
        const { values: given } = await values(source, { field, filter });
        const texts = given.map(({ value, spans }) => {
          if (value.type === "status" || value.type === "kind") throw new Error("no attribute is one");
          return [`${value.type} ${anyValueText(value)}`, spans] as const;
        });
        expect(new Map(texts)).toEqual(expected);
      }),
      { numRuns: 100 * LONGER },
    );
  }, 600_000);

  const many = () => {
    const source = new MemorySource();
    for (let i = 0; i < 20; i++) {
      const startTimeUnixNano = START + BigInt(i) * 1_000_000_000n;
      source.append([
        serviceWith("shop", [spanWith({ startTimeUnixNano, attributes: [intAttribute("n", BigInt(i % 7))] })]),
      ]);
      if (i % 5 === 4) source.roll();
    }
    return source;
  };

  it("come with the most frequent first, and say when there are more than were asked for", async () => {
    const found = await values(many(), { field: { scope: "span", key: "n" }, limit: 2 });
    expect(found.values).toEqual([
      { value: { type: "int", value: 0n }, spans: 3 },
      { value: { type: "int", value: 1n }, spans: 3 },
    ]);
    expect(found).toMatchObject({ complete: false, reason: "there are more than the limit" });
  });

  it("are of the newest spans where time ends the look, which says how far it came, and of some at least", async () => {
    const found = await values(many(), { field: { scope: "span", key: "n" }, budgetMs: -1 });
    expect(found).toMatchObject({ spans: 16, complete: false });
    expect(found.values).toHaveLength(7);
    expect(found.backTo).toBeGreaterThan(START + 3n * 1_000_000_000n);
    expect(found.backTo).toBeLessThan(START + 4n * 1_000_000_000n);
  });

  it("are refused for a field of other spans", async () => {
    await expect(values(many(), { field: { intrinsic: "trace:rootName" } })).rejects.toThrow("depends on other spans");
  });
});
