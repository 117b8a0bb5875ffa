import { describe, expect, it } from "vitest";
import { intAttribute, serviceWith, spanWith, textAttribute } from "../../../test/support/otlp-spans.ts";
import { MemorySource } from "../../../test/support/search/memory-source.ts";
import type { Span } from "../../model/span.ts";
import type { SpanFilter, TraceQuery } from "../../model/trace-query.ts";
import type {
  FieldExpression,
  SpanRelation,
  SpansetExpression,
  SpansetStage,
  TraceqlField,
  TraceqlLiteral,
} from "../../model/traceql.ts";
import { createTraceReader, DEFAULT_TRACE_READER } from "./trace-reader.ts";

const { signal } = new AbortController();
const START = 1_795_392_039_440_000_000n;
const ALL: SpanFilter = { op: "all" };
const NAME: TraceqlField = { intrinsic: "span:name" };

const int = (value: bigint): TraceqlLiteral => ({ type: "int", value });
const text = (value: string): TraceqlLiteral => ({ type: "string", value });
const field = (of: TraceqlField): FieldExpression => ({ expr: "field", field: of });
const equals = (of: TraceqlField, value: TraceqlLiteral): FieldExpression => ({
  expr: "compare",
  is: "=",
  left: field(of),
  right: { expr: "literal", value },
});
const named = (name: string): SpansetExpression => ({ op: "spans", where: equals(NAME, text(name)) });
const related = (left: string, relation: SpanRelation, right: string): SpansetExpression => ({
  op: "structural",
  form: "plain",
  relation,
  left: named(left),
  right: named(right),
});

/** A span of trace `trace` that starts so many seconds after START. */
function span(trace: number, id: number, parent: number, name: string, second: number, more: Partial<Span> = {}): Span {
  const startTimeUnixNano = START + BigInt(second) * 1_000_000_000n;
  return spanWith({
    traceId: `${trace}`.repeat(32),
    spanId: id.toString().padStart(16, "0"),
    parentSpanId: parent === 0 ? "" : parent.toString().padStart(16, "0"),
    name,
    startTimeUnixNano,
    endTimeUnixNano: startTimeUnixNano + 5_000_000n,
    ...more,
  });
}

/** Every trace lies in three blocks: its root, its calls, what these call. */
async function find(query: Partial<TraceQuery>, roll = false) {
  const source = new MemorySource();
  const traces = [1, 2, 3];
  source.append([
    serviceWith(
      "shop",
      traces.map((trace) => span(trace, 1, 0, "GET /", trace * 100)),
    ),
  ]);
  if (roll) source.roll();
  source.append([
    serviceWith("cart", [
      span(1, 2, 1, "query", 101, { attributes: [intAttribute("rows", 7n), textAttribute("table", "items")] }),
      span(2, 2, 1, "query", 201, { attributes: [intAttribute("rows", 3n), textAttribute("table", "users")] }),
      span(2, 3, 1, "cache", 202),
      span(3, 2, 1, "cache", 301),
    ]),
  ]);
  if (roll) source.roll();
  source.append([
    serviceWith("db", [span(1, 4, 2, "read", 102), span(2, 4, 3, "read", 203), span(3, 4, 9, "read", 302)]),
  ]);
  const reader = createTraceReader(source, DEFAULT_TRACE_READER);
  return reader.find({ filter: ALL, limit: 10, ...query }, signal);
}

const idsOf = ({ traces }: Awaited<ReturnType<typeof find>>) => traces.map(({ traceId }) => Number(traceId[0]));

describe("spansets", () => {
  it.each<[string, SpansetExpression, SpansetStage[], number[]]>([
    ["a child", related("query", "child", "read"), [], [1]],
    ["a descendant", related("GET /", "descendant", "read"), [], [2, 1]],
    ["an ancestor", related("read", "ancestor", "cache"), [], [2]],
    ["a sibling", related("query", "sibling", "cache"), [], [2]],
    ["both sides", { op: "and", left: named("query"), right: named("cache") }, [], [2]],
    ["either side", { op: "or", left: named("query"), right: named("nothing") }, [], [2, 1]],
    [
      "no partner",
      { op: "structural", form: "negated", relation: "descendant", left: named("GET /"), right: named("read") },
      [],
      [3],
    ],
    [
      "a scalar",
      { op: "spans" },
      [
        {
          stage: "scalar",
          left: { scalar: "aggregate", of: "count" },
          is: ">",
          right: { scalar: "literal", value: int(3n) },
        },
      ],
      [2],
    ],
    [
      "an attribute of the parent",
      { op: "spans", where: equals({ scope: "span", key: "table", parent: true }, text("items")) },
      [],
      [1],
    ],
  ])("find traces by %s", async (_, first, stages, expected) => {
    for (const roll of [false, true]) {
      const found = await find({ spansets: { first, stages }, count: true }, roll);
      expect(idsOf(found)).toEqual(expected);
      expect(found.total).toEqual({ traces: expected.length, exact: true });
    }
  });

  it("match by a span of their result that starts in the time range, and see all others", async () => {
    const spansets = { first: related("GET /", "descendant", "read"), stages: [] };
    expect(
      idsOf(await find({ spansets, startMin: START + 102n * 1_000_000_000n, startMax: START + 103n * 1_000_000_000n })),
    ).toEqual([1]);
    expect(idsOf(await find({ spansets, startMax: START + 101n * 1_000_000_000n }))).toEqual([]);
  });

  it("are paged, each trace once", async () => {
    const spansets = { first: related("GET /", "descendant", "read"), stages: [] };
    const first = await find({ spansets, limit: 1 });
    expect(idsOf(first)).toEqual([2]);
    if (first.next === undefined) throw new Error("there is another page");
    const second = await find({ spansets, limit: 1, after: first.next });
    expect(idsOf(second)).toEqual([1]);
    expect(second.next).toBeUndefined();
  });

  it("find candidates by whatever leaves the fewest blocks, with the same answer", async () => {
    const spansets = { first: related("query", "child", "read"), stages: [] };
    const also: SpanFilter = {
      op: "compare",
      field: { scope: "span", key: "table" },
      is: "=",
      value: { type: "string", value: "items" },
    };
    expect(idsOf(await find({ spansets, also: [also] }))).toEqual([1]);
  });

  it("show the fields that are asked for, a spanset for each value of `by`", async () => {
    const spansets = {
      first: { op: "spans" as const },
      stages: [{ stage: "by" as const, field: field({ scope: "resource", key: "service.name" }) }],
    };
    const show = {
      spansPerSet: 1,
      fields: [NAME, { scope: "span", key: "rows" } as const, { intrinsic: "span:kind" } as const],
    };
    const { traces } = await find({ spansets, show, limit: 2 });
    const rows = { type: "int", value: 3n };
    expect(traces[1]?.spanSets?.map(({ by, matchedCount, spans }) => [by[0], matchedCount, spans[0]?.values])).toEqual([
      [text("cart"), 2, [text("query"), rows, { type: "kind", value: expect.any(Number) }]],
      [text("db"), 1, [text("read"), undefined, { type: "kind", value: expect.any(Number) }]],
      [text("shop"), 1, [text("GET /"), undefined, { type: "kind", value: expect.any(Number) }]],
    ]);
  });

  it("of a plain filter are one, of the spans that satisfy it", async () => {
    const { traces } = await find({
      filter: { op: "compare", field: { intrinsic: "name" }, is: "=", value: { type: "string", value: "query" } },
      show: { spansPerSet: 3, fields: [{ scope: "any", key: "table" }] },
    });
    expect(traces.map(({ spanSets }) => spanSets?.map(({ spans }) => spans.map(({ values }) => values[0])))).toEqual([
      [[text("users")]],
      [[text("items")]],
    ]);
  });

  it("end with the time budget, and say so", async () => {
    const source = new MemorySource();
    for (let i = 0; i < 20; i++) source.append([serviceWith("shop", [span(1, i + 1, i, "GET /", i)])]);
    const reader = createTraceReader(source, { ...DEFAULT_TRACE_READER, findBudgetMs: 0 });
    const result = await reader.find(
      { filter: ALL, spansets: { first: { op: "spans" }, stages: [] }, limit: 1 },
      signal,
    );
    expect(result).toMatchObject({ complete: false, reason: "the search ran out of time" });
  });
});
