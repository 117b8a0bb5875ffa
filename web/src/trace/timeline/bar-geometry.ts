import { type TimeWindow, timeToX } from "../../format/time-scale.ts";

/**
 * Room on both sides of the time axis, CSS pixels: the first and the last bar end inside, what goes on runs into it.
 */
export const GUTTER = { left: 6, right: 14 } as const;
const NO_GUTTER = { left: 2, right: 2 } as const;
const LEAST_BAR = 2;
const GAP = 6;

/** Where a bar stands in CSS pixels, and on which side of the window it lies when none of it shows. */
export interface BarBox {
  readonly x: number;
  readonly width: number;
  readonly outside: "left" | "right" | undefined;
}

/**
 * A span's bar inside the window, at least two pixels wide so that nothing disappears, cut off just beyond the edges so
 * that deep zooms do not ask the canvas for widths it cannot hold. A negative duration is drawn over the time it
 * covers.
 */
export function barBox(
  window: TimeWindow,
  width: number,
  start: number,
  duration: number,
  beyond: { readonly left: number; readonly right: number } = NO_GUTTER,
): BarBox {
  const from = timeToX(window, width, duration < 0 ? start + duration : start);
  const to = timeToX(window, width, duration < 0 ? start : start + duration);
  if (to < 0) return { x: 0, width: 0, outside: "left" };
  if (from > width) return { x: width, width: 0, outside: "right" };
  const left = Math.max(-beyond.left, Math.min(from, width - LEAST_BAR));
  const right = Math.min(width + beyond.right, Math.max(to, left + LEAST_BAR));
  return { x: left, width: right - left, outside: undefined };
}

/**
 * Where a bar's label goes: after it, before it, or inside at its right end where neither side has room. A mark at
 * `tick` stays free.
 */
export function labelPlace(
  bar: BarBox,
  labelWidth: number,
  width: number,
  tick?: number,
): { readonly x: number; readonly inside: boolean } {
  const beside = bar.x + bar.width + GAP;
  const crossed = tick !== undefined && tick > beside - GAP && tick < beside + labelWidth + GAP;
  const after = crossed ? tick + GAP : beside;
  if (after + labelWidth <= width) return { x: after, inside: false };
  const before = bar.x - GAP - labelWidth;
  if (before >= 0) return { x: before, inside: false };
  return { x: Math.max(GAP, Math.min(width, bar.x + bar.width) - GAP - labelWidth), inside: true };
}
