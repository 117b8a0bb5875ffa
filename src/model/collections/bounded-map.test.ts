import { describe, expect, it } from "vitest";
import { BoundedMap } from "./bounded-map.ts";

describe("BoundedMap", () => {
  it("forgets what was used longest ago", () => {
    const map = new BoundedMap<string, number>(2);
    map.set("a", 1);
    map.set("b", 2);
    expect(map.get("a")).toBe(1);
    map.set("c", 3);
    expect([map.get("a"), map.get("b"), map.get("c"), map.size]).toEqual([1, undefined, 3, 2]);
  });

  it("tells of what had to go, and of nothing else", () => {
    const gone: number[] = [];
    const map = new BoundedMap<string, number>(2, (value) => gone.push(value));
    map.set("a", 1);
    map.set("a", 2);
    map.set("b", 3);
    expect([map.has("a"), map.delete("b"), map.has("b")]).toEqual([true, true, false]);
    map.set("c", 4);
    expect(gone).toEqual([]);
    map.set("d", 5);
    expect(gone).toEqual([2]);
  });
});
