import type { UiHeatMap } from "../../../../src/query/ui/api-types.ts";
import { ticks } from "../../format/time-scale.ts";

/** What the axes of a heat map go from and to. */
export interface HeatAxes {
  readonly fromMs: number;
  readonly toMs: number;
  /** Logarithmic; powers of ten, ns. */
  readonly leastNs: number;
  readonly mostNs: number;
}

export function heatAxes(map: UiHeatMap): HeatAxes {
  return {
    fromMs: Number(map.startUnixNano) / 1e6,
    toMs: Number(map.endUnixNano) / 1e6,
    leastNs: map.leastNano,
    mostNs: map.mostNano,
  };
}

export function timeX(axes: HeatAxes, width: number, timeMs: number): number {
  return ((timeMs - axes.fromMs) / (axes.toMs - axes.fromMs)) * width;
}

/** y grows downwards, so the longest is on top. */
export function durationToY(axes: HeatAxes, height: number, ns: number): number {
  return height - (Math.log10(ns / axes.leastNs) / Math.log10(axes.mostNs / axes.leastNs)) * height;
}

/** The powers of ten on the duration axis, thinned to at most six. */
export function durationTicks({ leastNs, mostNs }: HeatAxes): readonly number[] {
  const decades = Math.round(Math.log10(mostNs / leastNs));
  const every = Math.ceil(decades / 5);
  return Array.from({ length: Math.floor(decades / every) + 1 }, (_, i) => leastNs * 10 ** (i * every));
}

/** Round local times on the time axis, ms since the epoch, about `target` of them, and how far they are apart, ms. */
export function timeTicks(
  axes: HeatAxes,
  target: number,
): { readonly stepMs: number; readonly times: readonly number[] } {
  const midnight = new Date(axes.fromMs).setHours(0, 0, 0, 0);
  const sinceMidnight = (ms: number) => (ms - midnight) * 1e6;
  const { step, times } = ticks({ from: sinceMidnight(axes.fromMs), to: sinceMidnight(axes.toMs) }, target);
  return { stepMs: step / 1e6, times: times.map((ns) => midnight + ns / 1e6) };
}

/** What a cell holds: when, ms since the epoch, and how long, ns. Its ends are those of the cells beside it. */
export interface CellBounds {
  readonly fromMs: number;
  readonly toMs: number;
  readonly leastNs: number;
  readonly mostNs: number;
}

export function cellBounds(map: UiHeatMap, column: number, row: number): CellBounds {
  const axes = heatAxes(map);
  const step = (axes.toMs - axes.fromMs) / map.columns;
  const factor = (axes.mostNs / axes.leastNs) ** (1 / map.rows);
  return {
    fromMs: axes.fromMs + step * column,
    toMs: axes.fromMs + step * (column + 1),
    leastNs: axes.leastNs * factor ** row,
    mostNs: axes.leastNs * factor ** (row + 1),
  };
}
