import { describe, expect, it } from "vitest";
import { manyServices } from "../../../../test/support/query/call-graph.ts";
import { linkKey } from "./graph-layers.ts";
import { CARD, layoutGraph } from "./graph-layout.ts";

const links = (...pairs: string[]) => pairs.map((pair) => ({ parent: pair[0]!, child: pair[1]! }));
const layersOf = (...pairs: string[]) => {
  const { cards } = layoutGraph(links(...pairs), false);
  const columns = [...new Set([...cards.values()].map(({ x }) => x))].sort((a, b) => a - b);
  return Object.fromEntries([...cards].map(([name, { x }]) => [name, columns.indexOf(x)]));
};

describe("graph layout", () => {
  it("puts callers left of what they call, by the longest way", () => {
    expect(layersOf("ab", "bc", "ac", "cd")).toEqual({ a: 0, b: 1, c: 2, d: 3 });
  });

  it("lets the link that closes a cycle run backwards, and a self-call stay where it is", () => {
    expect(layersOf("ab", "bb", "bc", "cb")).toEqual({ a: 0, b: 1, c: 2 });
    const { edges } = layoutGraph(links("ab", "ba"), false);
    const ends = (pair: string) => {
      const { along } = edges.get(linkKey(links(pair)[0]!))!;
      return [along[0]!.x, along.at(-1)!.x];
    };
    expect(ends("ab")[0]).toBeLessThan(ends("ab")[1]!);
    expect(ends("ba")[0]).toBeGreaterThan(ends("ba")[1]!);
  });

  it("puts a service that nothing calls right before what it calls", () => {
    expect(layersOf("ab", "bc", "cd", "xd")).toEqual({ a: 0, b: 1, c: 2, d: 3, x: 2 });
  });

  it("orders a layer by its neighbours, so that parallel calls do not cross", () => {
    const { cards } = layoutGraph(links("xa", "xb", "ad", "bc"), false);
    const y = (name: string) => cards.get(name)!.y;
    expect(Math.sign(y("a") - y("b"))).toBe(Math.sign(y("d") - y("c")));
  });

  it("stands a service in the middle of what it calls", () => {
    const { cards } = layoutGraph(links("ab", "ac", "ad"), false);
    const [b, c, d] = ["b", "c", "d"].map((name) => cards.get(name)!.y).sort((one, two) => one - two);
    expect(cards.get("a")!.y).toBeCloseTo((b! + d!) / 2);
    expect(c! - b!).toBeGreaterThan(CARD.height);
  });

  it("is empty without links and the same every time", () => {
    expect(layoutGraph([], false)).toMatchObject({ cards: new Map(), width: 0, height: 0 });
    expect(layoutGraph(links("ab", "ac", "cb"), true)).toEqual(layoutGraph(links("ab", "ac", "cb"), true));
  });

  it.each([false, true])("of 40 services overlaps no cards and runs no line behind one (down: %s)", (down) => {
    const { cards, edges, width, height } = layoutGraph(manyServices(40), down);
    const corners = [...cards.values()];
    for (const [index, a] of corners.entries()) {
      expect(a.x).toBeGreaterThanOrEqual(0);
      expect(a.y).toBeGreaterThanOrEqual(0);
      expect(a.x + CARD.width).toBeLessThanOrEqual(width);
      expect(a.y + CARD.height).toBeLessThanOrEqual(height);
      for (const b of corners.slice(index + 1)) {
        expect(Math.abs(a.x - b.x) >= CARD.width || Math.abs(a.y - b.y) >= CARD.height).toBe(true);
      }
      for (const { along } of edges.values()) {
        const behind = along.filter(
          (at) => at.x > a.x + 1 && at.x < a.x + CARD.width - 1 && at.y > a.y + 1 && at.y < a.y + CARD.height - 1,
        );
        expect(behind).toEqual([]);
      }
    }
    expect(edges.size).toBe(manyServices(40).length);
  });
});
