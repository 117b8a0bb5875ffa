import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { analysedTrace, type PlainSpan } from "../../../test/support/query/analysed-trace.ts";
import { criticalPath } from "./critical-path.ts";

const pathOf = (root: PlainSpan) => {
  const trace = analysedTrace(root);
  const { own, whole } = criticalPath(trace, 0);
  return { own: [...own].map((nano) => nano / 1e6), whole: [...whole].map((nano) => nano / 1e6) };
};
const span = (start: number, end: number, ...children: PlainSpan[]): PlainSpan => ({
  name: "s o",
  start,
  end,
  children,
});

describe("the critical path", () => {
  it("goes back from the end through the children that were waited for", () => {
    // Two run side by side: the one that ended first held nobody up.
    expect(pathOf(span(0, 100, span(10, 40), span(20, 60, span(30, 50)), span(70, 90))).own).toEqual([
      // 0 to 10, 60 to 70, 90 to 100, and what the first child covers before the second began
      30, 10, 20, 20, 20,
    ]);
  });

  it("cuts children to their parents: what outlives the root waits for nobody", () => {
    expect(pathOf(span(0, 100, span(80, 500)))).toEqual({ own: [80, 20], whole: [100, 20] });
    expect(pathOf(span(0, 100, span(200, 500)))).toEqual({ own: [100, 0], whole: [100, 0] });
    expect(pathOf(span(50, 100, span(0, 60)))).toEqual({ own: [40, 10], whole: [50, 10] });
  });

  it("counts spans that end before they begin as none", () => {
    expect(pathOf(span(0, 100, span(60, 20)))).toEqual({ own: [100, 0], whole: [100, 0] });
  });

  it("sums up to the root's duration, and each part to its own, whatever the tree", () => {
    const row = fc.record({ above: fc.nat(), start: fc.integer({ min: 0, max: 100 }), end: fc.integer({ max: 100 }) });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
        const count = rows.length + 1;
        // Any tree has an order in which parents come first; of that alone the path makes use.
        const parent = Int32Array.from([-1, ...rows.map(({ above }, at) => above % (at + 1))]);
        const start = Float64Array.from([0, ...rows.map((one) => one.start)]);
        const duration = Float64Array.from([100, ...rows.map((one) => Math.max(-200, one.end) - one.start)]);
        const { own, whole, pieces } = criticalPath({ count, parent, start, duration }, 0);
        for (let at = 0; at < count; at++) {
          const [first, size] = [pieces.first[at] as number, pieces.size[at] as number];
          const lengths = pieces.from
            .slice(first, first + size)
            .map((from, i) => (pieces.to[first + i] as number) - from);
          expect(lengths.reduce((sum, length) => sum + length, 0)).toBeCloseTo(own[at] as number, 6);
        }
        const below = own.slice();
        for (let at = count - 1; at > 0; at--) {
          const up = parent[at] as number;
          below[up] = (below[up] as number) + (below[at] as number);
        }
        expect(below[0]).toBeCloseTo(100, 6);
        for (let at = 0; at < count; at++) expect(below[at]).toBeCloseTo(whole[at] as number, 6);
      }),
    );
  });

  it("takes a chain of many thousands without recursion", () => {
    const count = 200_000;
    const columns = {
      count,
      parent: Int32Array.from({ length: count }, (_, row) => row - 1),
      start: new Float64Array(count),
      duration: new Float64Array(count).fill(5),
    };
    expect(criticalPath(columns, 0).own[count - 1]).toBe(5);
  });
});
