import { formatDuration } from "../../../../src/model/duration-text.ts";
import type { UiHeatMap } from "../../../../src/query/ui/api-types.ts";
import { parseDuration } from "../../format/duration.ts";
import { formatMoment } from "../../format/time.ts";
import type { SearchParams } from "../params/search-params.ts";
import { cellBounds } from "./heat-scale.ts";

/** Pixels of the plot; any two corners. */
export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

export interface PlotSize {
  readonly width: number;
  readonly height: number;
}

/** The cell at a place of the plot; a place outside of it is at its edge. */
export function cellAt(map: UiHeatMap, { width, height }: PlotSize, at: { readonly x: number; readonly y: number }) {
  const place = (part: number, cells: number) => Math.min(cells - 1, Math.max(0, Math.floor(part * cells)));
  return { column: place(at.x / width, map.columns), row: place(1 - at.y / height, map.rows) };
}

/**
 * The search for what the cells hold that a box touches. An edge of the plot is no bound: the top row has no longest,
 * the last column of an open range goes on.
 */
export function searchForBox(params: SearchParams, map: UiHeatMap, size: PlotSize, box: Box): SearchParams {
  const first = cellAt(map, size, { x: Math.min(box.x0, box.x1), y: Math.max(box.y0, box.y1) });
  const last = cellAt(map, size, { x: Math.max(box.x0, box.x1), y: Math.min(box.y0, box.y1) });
  const { fromMs, leastNs } = cellBounds(map, first.column, first.row);
  const { toMs, mostNs } = cellBounds(map, last.column, last.row);
  const { minTraceDuration: _min, maxTraceDuration: _max, start, end, ...rest } = params;
  const [fromLeft, toRight] = [first.column === 0, last.column === map.columns - 1];
  const min = first.row === 0 ? params.minTraceDuration : `${Math.floor(leastNs / 1e3)}us`;
  const max = last.row === map.rows - 1 ? params.maxTraceDuration : `${Math.ceil(mostNs / 1e3)}us`;
  const from = fromLeft && toRight ? start : String(Math.floor(fromMs * 1e3));
  const to = toRight ? end : String(Math.ceil(toMs * 1e3));
  return {
    ...rest,
    ...(from !== undefined && { start: from }),
    ...(to !== undefined && { end: to }),
    ...(min !== undefined && { minTraceDuration: min }),
    ...(max !== undefined && { maxTraceDuration: max }),
  };
}

/** What was selected, in words; undefined where nothing is. A range that the form itself was given is none. */
export function selectionText(params: SearchParams, nowMs: number): string | undefined {
  const { minTraceDuration, maxTraceDuration, lookback } = params;
  const parts: string[] = [];
  const [min, max] = [minTraceDuration, maxTraceDuration].map((text) =>
    text === undefined ? undefined : formatDuration(parseDuration(text) ?? Number.NaN),
  );
  if (min !== undefined && max !== undefined) parts.push(`${min} to ${max}`);
  else if (min !== undefined) parts.push(`at least ${min}`);
  else if (max !== undefined) parts.push(`at most ${max}`);
  if (lookback !== "custom") {
    if (params.start !== undefined) parts.push(`from ${moment(params.start, nowMs)}`);
    if (params.end !== undefined) parts.push(`until ${moment(params.end, nowMs)}`);
  }
  return parts.length === 0 ? undefined : `Traces ${parts.join(", ")}`;
}

/** The search without what was selected. */
export function withoutSelection(params: SearchParams): SearchParams {
  const { minTraceDuration: _min, maxTraceDuration: _max, ...rest } = params;
  if (params.lookback === "custom") return rest;
  const { start: _start, end: _end, ...open } = rest;
  return open;
}

function moment(micros: string, nowMs: number): string {
  return formatMoment(Number(micros) / 1e3, nowMs).slice(0, -4);
}
