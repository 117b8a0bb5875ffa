import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { intAttribute, serviceWith, spanWith, textAttribute } from "../../../test/support/otlp-spans.ts";
import { batches, query } from "../../../test/support/search/arbitrary-traces.ts";
import { MemorySource } from "../../../test/support/search/memory-source.ts";
import { flatten, group, type NaiveSpan, naiveFind, satisfies } from "../../../test/support/search/naive-search.ts";
import { SEED } from "../../../test/support/seed.ts";
import { type AnyValue, findAttribute } from "../../model/any-value.ts";
import type { FacetQuery, Facets } from "../../model/attribute-query.ts";
import { LATEST_TIME } from "../../model/span-times.ts";
import type { TraceQuery } from "../../model/trace-query.ts";
import { createTraceReader } from "./trace-reader.ts";

const { signal } = new AbortController();
const ALL = { keys: 1_000, values: 1_000, budgetMs: 60_000 } as const;

async function facetsOf(source: MemorySource, asked: FacetQuery): Promise<Facets> {
  return (await createTraceReader(source).facets?.(asked, signal)) as Facets;
}

/** As facets are defined, over decoded spans: traces by scope, key and value. */
function naiveFacets(spans: readonly NaiveSpan[], asked: TraceQuery) {
  const traces = new Map<string, Set<string>>();
  const put = (name: string, traceId: string) => {
    const set = traces.get(name) ?? new Set();
    traces.set(name, set.add(traceId));
  };
  const matching = new Set(naiveFind(spans, asked).map(({ traceId }) => traceId));
  for (const [traceId, trace] of group(spans)) {
    if (!matching.has(traceId)) continue;
    for (const item of trace) {
      const { span, resource } = item;
      const { startTimeUnixNano: start } = span;
      const hasRange = asked.startMin !== undefined || asked.startMax !== undefined;
      if (hasRange && (start < (asked.startMin ?? 0n) || start > (asked.startMax ?? LATEST_TIME))) continue;
      if (!satisfies(item, asked.filter)) continue;
      for (const [scope, attributes] of [
        ["span", span.attributes],
        ["resource", resource.attributes],
      ] as const) {
        for (const key of new Set(attributes.map((attribute) => attribute.key))) {
          put(`${scope} ${key}`, traceId);
          const value = valueText(findAttribute(attributes, key) as AnyValue);
          if (value !== undefined) put(`${scope} ${key} = ${value}`, traceId);
        }
      }
      put("intrinsic name", traceId);
      put(`intrinsic name = string ${span.name}`, traceId);
      put("intrinsic kind", traceId);
      put(`intrinsic kind = kind ${span.kind}`, traceId);
      put("intrinsic status", traceId);
      put(`intrinsic status = status ${span.status.code}`, traceId);
    }
  }
  return { counts: new Map([...traces].map(([name, set]) => [name, set.size])), traces: matching.size };
}

function valueText(value: AnyValue): string | undefined {
  switch (value.type) {
    case "string":
    case "bool":
      return `${value.type} ${value.value}`;
    case "int":
      return `number ${BigInt(Number(value.value)) === value.value ? Number(value.value) : value.value}`;
    case "double":
      return Number.isFinite(value.value) ? `number ${value.value}` : undefined;
    default:
      return undefined;
  }
}

function counts({ facets }: Facets): Map<string, number> {
  return new Map(
    facets.flatMap(({ scope, key, traces, values }) => [
      [`${scope} ${key}`, traces] as const,
      ...values.map(({ value, traces: of }) => {
        const text =
          value.type === "kind" || value.type === "status"
            ? `${value.type} ${value.value}`
            : valueText(value as AnyValue);
        return [`${scope} ${key} = ${text}`, of] as const;
      }),
    ]),
  );
}

describe("facets", () => {
  it("count the traces of every value of the spans that match, for any data and query", async () => {
    await fc.assert(
      fc.asyncProperty(batches, query, async (data, asked) => {
        const source = new MemorySource();
        for (const batch of data) source.append(batch);
        const found = await facetsOf(source, { query: asked, ...ALL });
        const naive = naiveFacets(flatten(data), asked);
        expect(found).toMatchObject({ complete: true, traces: naive.traces });
        // A key that has no value to compare with is no choice.
        const keys = new Set(found.facets.map(({ scope, key }) => `${scope} ${key}`));
        const wanted = [...naive.counts].filter(([name]) => keys.has(name.split(" = ")[0] as string));
        expect(counts(found)).toEqual(new Map(wanted));
        for (const [name] of naive.counts) if (name.includes(" = ")) expect(keys).toContain(name.split(" = ")[0]);
        expect(found.facets.every(({ exact, distinct, values }) => exact && distinct === values.length)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("give one key alone as they give it among all", async () => {
    await fc.assert(
      fc.asyncProperty(batches, query, async (data, asked) => {
        const source = new MemorySource();
        for (const batch of data) source.append(batch);
        const all = await facetsOf(source, { query: asked, ...ALL });
        for (const facet of all.facets) {
          const only = { scope: facet.scope, key: facet.key };
          expect((await facetsOf(source, { query: asked, only, ...ALL })).facets).toEqual([facet]);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("say what they lack when time is up, and end with who asked", async () => {
    const source = new MemorySource();
    for (const [batch] of fc.sample(fc.tuple(batches), { numRuns: 20, seed: SEED })) {
      for (const traces of batch) source.append(traces);
    }
    const asked = { query: { filter: { op: "all" }, limit: 1 }, ...ALL } as const;
    const late = await facetsOf(source, { ...asked, budgetMs: -1 });
    expect(late).toMatchObject({ complete: false, traces: 0, reason: "the search ran out of time" });
    expect(late.searchedBackTo).toBeGreaterThan(0n);
    await expect(createTraceReader(source).facets?.(asked, AbortSignal.abort())).rejects.toMatchObject({
      code: "cancelled",
    });
  });

  it("put what tells traces apart first, and say where values are too many to be told apart", async () => {
    const source = new MemorySource();
    for (let first = 1; first <= 1_200; first += 100) {
      const spans = Array.from({ length: 100 }, (_, at) =>
        spanWith({
          traceId: (first + at).toString(16).padStart(32, "0"),
          attributes: [
            textAttribute("same", "x"),
            intAttribute("id", BigInt(first + at)),
            textAttribute("tier", (first + at) % 3 === 0 ? "gold" : "basic"),
          ],
        }),
      );
      source.append([serviceWith("", spans)]);
    }
    const asked = { query: { filter: { op: "all" }, limit: 1 }, keys: 10, values: 1, budgetMs: 60_000 } as const;
    const { facets, traces } = await facetsOf(source, asked);
    expect(traces).toBe(1_200);
    expect(facets.map(({ key, distinct, exact }) => [key, distinct, exact])).toEqual([
      ["tier", 2, true],
      ["id", 1_000, false],
      ["kind", 1, true],
      ["name", 1, true],
      ["status", 1, true],
      ["same", 1, true],
    ]);
    expect(facets[0]?.values).toEqual([{ value: { type: "string", value: "basic" }, traces: 800 }]);
    const alone = await facetsOf(source, { ...asked, only: { scope: "span", key: "id" } });
    expect(alone.facets).toMatchObject([{ distinct: 1_200, exact: true }]);
  });
});
