import { describe, expect, it } from "vitest";
import { layoutGraph } from "./graph-layout.ts";

const links = (...pairs: string[]) => pairs.map((pair) => ({ parent: pair[0]!, child: pair[1]! }));
const layersOf = (...pairs: string[]) =>
  Object.fromEntries(layoutGraph(links(...pairs)).nodes.map((node) => [node.name, node.layer]));

describe("graph layout", () => {
  it("puts callers left of what they call, by the longest way", () => {
    expect(layersOf("ab", "bc", "ac", "cd")).toEqual({ a: 0, b: 1, c: 2, d: 3 });
  });

  it("ignores self-calls and the link that closes a cycle", () => {
    expect(layersOf("ab", "bb", "bc", "cb")).toEqual({ a: 0, b: 1, c: 2 });
    expect(layersOf("ab", "ba")).toEqual({ a: 0, b: 1 });
  });

  it("orders a layer by its neighbours, so that parallel calls do not cross", () => {
    const { nodes, slots } = layoutGraph(links("xa", "xb", "ad", "bc"));
    const slot = Object.fromEntries(nodes.map((node) => [node.name, node.slot]));
    expect(slots).toBe(2);
    expect(Math.sign(slot.a! - slot.b!)).toBe(Math.sign(slot.d! - slot.c!));
  });

  it("is empty without links and the same every time", () => {
    expect(layoutGraph([])).toEqual({ nodes: [], layers: 0, slots: 0 });
    expect(layoutGraph(links("ab", "ac", "cb"))).toEqual(layoutGraph(links("ab", "ac", "cb")));
  });
});
