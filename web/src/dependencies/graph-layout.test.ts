import { describe, expect, it } from "vitest";
import { layoutGraph, linkKey } from "./graph-layout.ts";

const links = (...pairs: string[]) => pairs.map((pair) => ({ parent: pair[0]!, child: pair[1]! }));
const layersOf = (...pairs: string[]) =>
  Object.fromEntries([...layoutGraph(links(...pairs)).nodes].map(([name, place]) => [name, place.layer]));

describe("graph layout", () => {
  it("puts callers left of what they call, by the longest way", () => {
    expect(layersOf("ab", "bc", "ac", "cd")).toEqual({ a: 0, b: 1, c: 2, d: 3 });
  });

  it("ignores self-calls and the link that closes a cycle", () => {
    expect(layersOf("ab", "bb", "bc", "cb")).toEqual({ a: 0, b: 1, c: 2 });
    expect(layersOf("ab", "ba")).toEqual({ a: 0, b: 1 });
  });

  it("orders a layer by its neighbours, so that parallel calls do not cross", () => {
    const { nodes, lines } = layoutGraph(links("xa", "xb", "ad", "bc"));
    const line = (name: string) => nodes.get(name)!.line;
    expect(lines).toBe(2);
    expect(Math.sign(line("a") - line("b"))).toBe(Math.sign(line("d") - line("c")));
  });

  it("leads a link that leaps over a layer past the services there", () => {
    const { nodes, ways } = layoutGraph(links("ab", "bc", "ac"));
    const way = ways.get(linkKey({ parent: "a", child: "c" }))!;
    expect(way.map((place) => place.layer)).toEqual([1]);
    expect(way[0]!.line).not.toBe(nodes.get("b")!.line);
    expect(ways.size).toBe(1);
  });

  it("is empty without links and the same every time", () => {
    const empty = layoutGraph([]);
    expect([empty.nodes.size, empty.layers, empty.lines]).toEqual([0, 0, 0]);
    expect(layoutGraph(links("ab", "ac", "cb"))).toEqual(layoutGraph(links("ab", "ac", "cb")));
  });
});
