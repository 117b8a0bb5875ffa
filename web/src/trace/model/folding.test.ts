import { describe, expect, it } from "vitest";
import {
  foldBaseText,
  foldedAncestors,
  foldRows,
  nearestPosition,
  parseFoldBase,
  positionOf,
  visibleRows,
} from "./folding.ts";
import { layoutTrace } from "./layout.ts";

/** 0 ─ 1 ─ 2 ─ 3; 1 ─ 4; 0 ─ 5 ─ 6; 7 */
const layout = layoutTrace(Int32Array.of(-1, 0, 1, 2, 1, 0, 5, -1));
const services = [0, 1, 1, 1, 1, 0, 2, 0];
const shown = (base: string | undefined, flipped: number[] = []) => [
  ...visibleRows(layout.size, foldRows(layout, parseFoldBase(base), services, flipped)),
];

describe("folding", () => {
  it("shows all rows, the roots alone, or down to a depth", () => {
    expect(shown(undefined)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(shown("all")).toEqual([0, 7]);
    expect(shown("d1")).toEqual([0, 1, 5, 7]);
    expect(shown("d2")).toEqual([0, 1, 2, 4, 5, 6, 7]);
  });

  it("folds what stays inside one service and keeps the calls between services", () => {
    expect(shown("service")).toEqual([0, 1, 5, 6, 7]);
  });

  it("flips single rows against the base; leaves and unknown rows are left alone", () => {
    expect(shown(undefined, [1, 3, 99])).toEqual([0, 1, 5, 6, 7]);
    expect(shown("all", [0])).toEqual([0, 1, 5, 7]);
  });

  it("finds positions and the folds in the way", () => {
    const folded = foldRows(layout, { kind: "all" }, services, [0]);
    const visible = visibleRows(layout.size, folded);
    expect(positionOf(visible, 5)).toBe(2);
    expect(positionOf(visible, 3)).toBe(-1);
    expect(nearestPosition(visible, 3)).toBe(1);
    expect(nearestPosition(visible, 7)).toBe(3);
    expect(foldedAncestors(layout, folded, 3)).toEqual([2, 1]);
  });

  it("round-trips the base through the address", () => {
    for (const text of [undefined, "all", "service", "d0", "d12"]) expect(foldBaseText(parseFoldBase(text))).toBe(text);
    expect(parseFoldBase("d-1")).toEqual({ kind: "none" });
    expect(parseFoldBase("everything")).toEqual({ kind: "none" });
  });
});
