import { describe, expect, it } from "vitest";
import { layoutTrace, pathTo } from "./layout.ts";

describe("layoutTrace", () => {
  it("counts depths and subtrees of several roots and an orphan", () => {
    const layout = layoutTrace(Int32Array.of(-1, 0, 1, 0, -2, 4, -1));
    expect([...layout.depth]).toEqual([0, 1, 2, 1, 0, 1, 0]);
    expect([...layout.size]).toEqual([4, 2, 1, 1, 2, 1, 1]);
    expect([...layout.parent]).toEqual([-1, 0, 1, 0, -1, 4, -1]);
    expect(layout.maxDepth).toBe(2);
    expect(layout.roots).toBe(3);
    expect(pathTo(layout, 2)).toEqual([0, 1, 2]);
    expect(pathTo(layout, 5)).toEqual([4, 5]);
  });

  it("survives an empty trace and one a hundred thousand deep", () => {
    expect(layoutTrace(new Int32Array(0)).count).toBe(0);
    const deep = layoutTrace(Int32Array.from({ length: 100_000 }, (_, i) => i - 1));
    expect(deep.maxDepth).toBe(99_999);
    expect(deep.size[0]).toBe(100_000);
  });
});
