import { describe, expect, it } from "vitest";
import { foldRows, visibleRows } from "./folding.ts";
import { layoutTrace } from "./layout.ts";
import { rowForKey } from "./timeline-keys.ts";

/** 0 ─ 1 ─ 2; 0 ─ 3; 4 */
const layout = layoutTrace(Int32Array.of(-1, 0, 1, 0, -1));

function press(key: string, active: number, flipped: number[] = []) {
  const folded = foldRows(layout, { kind: "none" }, [0, 0, 0, 0, 0], flipped);
  return rowForKey(key, { layout, folded, visible: visibleRows(layout.size, folded), active, page: 3 });
}

describe("treegrid keys", () => {
  it("moves by row, page and to the ends", () => {
    expect(press("ArrowDown", 1)).toEqual({ row: 2 });
    expect(press("ArrowDown", 1, [1])).toEqual({ row: 3 });
    expect(press("ArrowDown", 4)).toEqual({ row: 4 });
    expect(press("ArrowUp", 0)).toEqual({ row: 0 });
    expect(press("PageDown", 0)).toEqual({ row: 3 });
    expect(press("PageUp", 4)).toEqual({ row: 1 });
    expect(press("Home", 3)).toEqual({ row: 0 });
    expect(press("End", 0)).toEqual({ row: 4 });
  });

  it("unfolds, then enters", () => {
    expect(press("ArrowRight", 1, [1])).toEqual({ toggle: 1 });
    expect(press("ArrowRight", 1)).toEqual({ row: 2 });
    expect(press("ArrowRight", 2)).toEqual({ row: 2 });
  });

  it("folds, then goes to the parent", () => {
    expect(press("ArrowLeft", 1)).toEqual({ toggle: 1 });
    expect(press("ArrowLeft", 1, [1])).toEqual({ row: 0 });
    expect(press("ArrowLeft", 2)).toEqual({ row: 1 });
    expect(press("ArrowLeft", 4)).toEqual({ row: 4 });
  });

  it("leaves other keys alone", () => expect(press("x", 0)).toBeUndefined());
});
