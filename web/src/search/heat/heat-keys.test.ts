import { describe, expect, it } from "vitest";
import type { UiHeatMap } from "../../../../src/query/ui/api-types.ts";
import { type MarkedCells, markedAfter, markedBox, markedTraces } from "./heat-keys.ts";
import { cellAt } from "./heat-selection.ts";

const MAP: UiHeatMap = {
  startUnixNano: "0",
  endUnixNano: "1000000000",
  columns: 20,
  leastNano: 1_000,
  mostNano: 1_000_000,
  rows: 6,
  cells: [
    [0, 0, 5, 1],
    [3, 5, 2, 0],
    [12, 5, 1, 1],
    [12, 1, 7, 2],
  ],
  traces: 15,
  failed: 4,
  complete: true,
};

const press = (...keys: string[]) =>
  keys.reduce<MarkedCells | undefined>((marked, text) => {
    const [key = "", ...held] = text.split("+").reverse();
    return (
      markedAfter(MAP, marked, { key, shiftKey: held.includes("shift"), ctrlKey: held.includes("ctrl") }) ?? marked
    );
  }, undefined);

describe("the heat map by keyboard", () => {
  it("begins at the longest of the newest traces, and moves cell by cell within the map", () => {
    expect(press("ArrowLeft")).toEqual({ anchor: { column: 12, row: 5 }, at: { column: 12, row: 5 } });
    expect(press("ArrowLeft", "ArrowLeft", "ArrowDown", "ArrowUp", "ArrowUp")?.at).toEqual({ column: 11, row: 5 });
    expect(press("ArrowLeft", "ctrl+ArrowRight")?.at).toEqual({ column: 19, row: 5 });
    expect(press("ArrowLeft", "Home", "PageDown")?.at).toEqual({ column: 0, row: 0 });
    expect(markedAfter(MAP, undefined, { key: "Enter", shiftKey: false, ctrlKey: false })).toBeUndefined();
  });

  it("marks all cells between two corners with Shift, and counts what they hold", () => {
    const marked = press("ArrowLeft", "shift+Home", "shift+PageDown")!;
    expect(marked).toEqual({ anchor: { column: 12, row: 5 }, at: { column: 0, row: 0 } });
    expect(markedTraces(MAP, marked)).toEqual({ traces: 15, failed: 4 });
    const size = { width: 733, height: 111 };
    const box = markedBox(MAP, size, marked);
    expect(cellAt(MAP, size, { x: box.x0, y: box.y0 })).toEqual(marked.anchor);
    expect(cellAt(MAP, size, { x: box.x1, y: box.y1 })).toEqual(marked.at);
  });

  it("begins somewhere in a map without traces, too", () => {
    const empty = { ...MAP, cells: [] };
    const marked = markedAfter(empty, undefined, { key: "End", shiftKey: false, ctrlKey: false })!;
    expect(marked.at).toEqual({ column: 0, row: 0 });
    expect(markedTraces(empty, marked)).toEqual({ traces: 0, failed: 0 });
  });
});
