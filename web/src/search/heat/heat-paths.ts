import type { UiHeatMap } from "../../../../src/query/ui/api-types.ts";

/** Steps of colour. */
const LEVELS = 6;
/** Between cells, px. */
const GAP = 0.5;
/** What a cell with one failed trace of many still shows, px. */
const LEAST_FAILED = 2;

/** The cells as a few SVG paths, however many there are: one a step of colour, and one over them for what failed. */
export interface HeatPaths {
  readonly levels: readonly { readonly opacity: number; readonly path: string }[];
  readonly failed: string;
}

export function heatPaths(map: UiHeatMap, width: number, height: number): HeatPaths {
  const cell = { width: width / map.columns, height: height / map.rows };
  const most = map.cells.reduce((max, [, , traces]) => Math.max(max, traces), 1);
  const levels = Array.from({ length: LEVELS }, () => "");
  let failed = "";
  for (const [column, row, traces, failures] of map.cells) {
    const [x, y] = [column * cell.width, height - (row + 1) * cell.height];
    const level = Math.min(LEVELS - 1, Math.floor((Math.log1p(traces) / Math.log1p(most)) * LEVELS));
    levels[level] += rect(x, y, cell.width, cell.height);
    if (failures === 0) continue;
    const share = Math.max(LEAST_FAILED, (failures / traces) * cell.height);
    failed += rect(x, y + cell.height - share, cell.width, share);
  }
  return { levels: levels.map((path, level) => ({ opacity: 0.35 + (0.65 * level) / (LEVELS - 1), path })), failed };
}

function rect(x: number, y: number, width: number, height: number): string {
  const [w, h] = [Math.max(1, width - GAP), Math.max(1, height - GAP)].map(short);
  return `M${short(x)} ${short(y)}h${w}v${h}h-${w}z`;
}

function short(value: number): number {
  return Math.round(value * 10) / 10;
}
