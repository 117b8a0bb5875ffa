import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../codec/otlp/scan/scan-result.ts";
import type { Span } from "../../model/span.ts";
import type { SpanRelation } from "../../model/traceql.ts";
import type { CachedBlock } from "../cache/cached-block.ts";
import { SpanTree } from "./span-tree.ts";
import { TraceSpans } from "./trace-spans.ts";

const idOf = (id: number) => (id === 0 ? "" : id.toString(16).padStart(16, "0"));

/** One trace of spans by id and id of the parent, 0 for none, in two blocks. */
function treeOf(ids: readonly (readonly [id: number, parent: number])[]): { tree: SpanTree; spans: readonly Span[] } {
  const spans = ids.map(([id, parent], i) =>
    spanWith({
      spanId: idOf(id),
      parentSpanId: idOf(parent),
      startTimeUnixNano: 1_795_392_039_440_000_000n + BigInt(i),
    }),
  );
  const half = Math.floor(spans.length / 2);
  const parts = [spans.slice(0, half), spans.slice(half)]
    .filter((some) => some.length > 0)
    .map((some) => {
      const body = encodeTraces([serviceWith("shop", some)]);
      const { columns } = new TraceScanner(DEFAULT_SCAN_LIMITS).scan(body);
      return { block: { columns } as CachedBlock, rows: some.map((_, row) => row) };
    });
  return { tree: new SpanTree(new TraceSpans("1".repeat(32), parts, () => undefined)), spans };
}

/** By the definition: `a` and `b` are positions. */
function isRelated(spans: readonly Span[], relation: SpanRelation, of: number, to: number): boolean {
  if (of === to) return false;
  const [a, b] = [spans[of] as Span, spans[to] as Span];
  const isChild = (child: Span, parent: Span) => child.parentSpanId !== "" && child.parentSpanId === parent.spanId;
  switch (relation) {
    case "child":
      return isChild(b, a);
    case "parent":
      return isChild(a, b);
    case "sibling":
      return a.parentSpanId !== "" && a.parentSpanId === b.parentSpanId;
    case "descendant": {
      const below = new Set<number>();
      const waiting = [of];
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        for (const [i, span] of spans.entries()) {
          if (i === next || below.has(i) || !isChild(span, spans[next] as Span)) continue;
          below.add(i);
          waiting.push(i);
        }
      }
      return below.has(to);
    }
    case "ancestor":
      return isRelated(spans, "descendant", to, of);
  }
}

const RELATIONS: readonly SpanRelation[] = ["child", "parent", "descendant", "ancestor", "sibling"];
const id = fc.integer({ min: 1, max: 7 });
const anySpans = fc.array(fc.tuple(id, fc.integer({ min: 0, max: 8 })), { minLength: 1, maxLength: 9 });

describe("relations between spans", () => {
  it("are what the ids say, with shared ids, circles and parents that are not stored", () => {
    fc.assert(
      fc.property(
        anySpans,
        fc.constantFrom(...RELATIONS),
        fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
        fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
        (ids, relation, inLeft, inRight) => {
          const { tree, spans } = treeOf(ids);
          const chosen = (flags: readonly boolean[]) => Uint32Array.from(spans.keys()).filter((i) => flags[i] === true);
          const [left, right] = [chosen(inLeft), chosen(inRight)];
          const expected = [...right].map((to) => ([...left].some((of) => isRelated(spans, relation, of, to)) ? 1 : 0));
          expect([...tree.related(relation, left, right)]).toEqual(expected);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("of a chain of 100,000 spans, and of a circle of as many, are found at once", () => {
    const count = 100_000;
    const chain = treeOf(Array.from({ length: count }, (_, i) => [i + 1, i])).tree;
    const circle = treeOf(Array.from({ length: count }, (_, i) => [i + 1, i === 0 ? count : i])).tree;
    const all = Uint32Array.from({ length: count }, (_, i) => i);
    for (const relation of ["descendant", "ancestor"] as const) {
      expect(chain.related(relation, all, all).reduce((sum, one) => sum + one, 0)).toBe(count - 1);
      expect(circle.related(relation, all, all).reduce((sum, one) => sum + one, 0)).toBe(count);
      expect(circle.related(relation, all.slice(0, 1), all).reduce((sum, one) => sum + one, 0)).toBe(count - 1);
    }
    expect(chain.nested.right[0]).toBe(count * 2);
    expect(circle.nested.left.every((left) => left === 0)).toBe(true);
  });
});

describe("nested sets", () => {
  it("number the trees below roots, children by start, and nothing else", () => {
    const { tree } = treeOf([
      [1, 0],
      [2, 1],
      [4, 2],
      [3, 1],
      [6, 9],
      [5, 0],
    ]);
    expect([...tree.nested.left]).toEqual([1, 2, 3, 6, 0, 9]);
    expect([...tree.nested.right]).toEqual([8, 5, 4, 7, 0, 10]);
    expect([...tree.nested.parent]).toEqual([-1, 1, 2, 1, 0, -1]);
    expect([0, 1, 2, 3, 4, 5].map((span) => tree.childCount(span))).toEqual([2, 1, 0, 0, 0, 0]);
  });
});
