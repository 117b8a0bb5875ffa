import type { UiHeatMap } from "../../../../src/query/ui/api-types.ts";
import type { Box, PlotSize } from "./heat-selection.ts";

export interface CellPlace {
  readonly column: number;
  readonly row: number;
}

/** Cells that are marked by keyboard: all between two corners. */
export interface MarkedCells {
  readonly anchor: CellPlace;
  readonly at: CellPlace;
}

const STEPS: Readonly<Record<string, readonly [columns: number, rows: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
  Home: [Number.NEGATIVE_INFINITY, 0],
  End: [Number.POSITIVE_INFINITY, 0],
  PageUp: [0, Number.POSITIVE_INFINITY],
  PageDown: [0, Number.NEGATIVE_INFINITY],
};
/** Cells at once with Ctrl. */
const FAR = 10;

/**
 * What is marked after a key; undefined where the key moves nothing. The first one marks the longest of the traces.
 * Shift leaves the other corner where it is.
 */
export function markedAfter(
  map: UiHeatMap,
  marked: MarkedCells | undefined,
  { key, shiftKey, ctrlKey }: Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey">,
): MarkedCells | undefined {
  const step = STEPS[key];
  if (step === undefined) return undefined;
  if (marked === undefined) {
    const top = map.cells.reduce((best, cell) => (cell[1] >= best[1] ? cell : best), map.cells[0] ?? [0, 0, 0, 0]);
    const at = { column: top[0], row: top[1] };
    return { anchor: at, at };
  }
  const far = ctrlKey ? FAR : 1;
  const at = {
    column: within(marked.at.column + (step[0] === 0 ? 0 : step[0] * far), map.columns),
    row: within(marked.at.row + (step[1] === 0 ? 0 : step[1] * far), map.rows),
  };
  return { anchor: shiftKey ? marked.anchor : at, at };
}

/** Pixels from the middle of one corner's cell to that of the other. */
export function markedBox(map: UiHeatMap, { width, height }: PlotSize, { anchor, at }: MarkedCells): Box {
  const x = (cell: CellPlace) => ((cell.column + 0.5) / map.columns) * width;
  const y = (cell: CellPlace) => height - ((cell.row + 0.5) / map.rows) * height;
  return { x0: x(anchor), y0: y(anchor), x1: x(at), y1: y(at) };
}

/** How many traces lie in the marked cells, and how many of them failed. */
export function markedTraces(map: UiHeatMap, { anchor, at }: MarkedCells): { traces: number; failed: number } {
  const isIn = (value: number, a: number, b: number) => value >= Math.min(a, b) && value <= Math.max(a, b);
  const sums = { traces: 0, failed: 0 };
  for (const [column, row, traces, failed] of map.cells) {
    if (!isIn(column, anchor.column, at.column) || !isIn(row, anchor.row, at.row)) continue;
    sums.traces += traces;
    sums.failed += failed;
  }
  return sums;
}

function within(place: number, cells: number): number {
  return Math.min(cells - 1, Math.max(0, place));
}
