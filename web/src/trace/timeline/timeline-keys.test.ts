import { describe, expect, it } from "vitest";
import { foldRows, visibleRows } from "../model/folding.ts";
import { closedGroups } from "../model/group-folding.ts";
import { layoutTrace } from "../model/layout.ts";
import { siblingGroups } from "../model/sibling-groups.ts";
import { rowForKey } from "./timeline-keys.ts";

/** 0 ─ 1 ─ 2; 0 ─ 3; 4 */
const layout = layoutTrace(Int32Array.of(-1, 0, 1, 0, -1));

const NO_GROUPS = { list: [], ofRow: undefined };

function press(key: string, active: number, flipped: number[] = []) {
  const folded = foldRows(layout, { kind: "none" }, [0, 0, 0, 0, 0], flipped);
  const visible = visibleRows(layout.size, folded);
  return rowForKey(key, { layout, folded, visible, groups: NO_GROUPS, closed: undefined, active, page: 3 });
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

  it("opens and closes a group of siblings at its first, and leads there from the others", () => {
    /** 0 ─ 1 ─ 2; 0 ─ 3 ─ 4; 0 ─ 5; 0 ─ 6; 0 ─ 7: 1, 3, 5, 6 and 7 are alike. */
    const tree = layoutTrace(Int32Array.of(-1, 0, 1, 0, 3, 0, 0, 0));
    const columns = {
      service: new Uint32Array(8),
      name: Uint32Array.of(0, 1, 2, 1, 2, 1, 1, 1),
      start: new Float64Array(8),
      duration: new Float64Array(8),
    };
    const groups = siblingGroups(columns, tree);
    const at = (key: string, active: number, all: boolean, flipped: number[] = []) => {
      const folded = foldRows(tree, { kind: "none" }, new Array(8).fill(0), flipped);
      const closed = closedGroups(groups, all, []);
      return rowForKey(key, {
        layout: tree,
        folded,
        visible: visibleRows(tree.size, folded, closed),
        groups,
        closed,
        active,
        page: 3,
      });
    };
    expect(at("ArrowRight", 1, false)).toEqual({ toggleGroup: 1 });
    expect(at("ArrowLeft", 1, false)).toEqual({ row: 0 });
    expect(at("ArrowDown", 1, false)).toEqual({ row: 1 });
    expect(at("End", 0, false)).toEqual({ row: 1 });
    expect(at("ArrowRight", 1, true)).toEqual({ row: 2 });
    expect(at("ArrowLeft", 1, true)).toEqual({ toggle: 1 });
    expect(at("ArrowLeft", 1, true, [1])).toEqual({ toggleGroup: 1 });
    expect(at("ArrowLeft", 7, true)).toEqual({ row: 1 });
    expect(at("ArrowLeft", 4, true)).toEqual({ row: 3 });
  });
});
