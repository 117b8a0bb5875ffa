import { type TimeWindow, timeToX } from "./time-scale.ts";

const LEAST_BAR = 2;
const GAP = 6;

/** Where a bar stands in CSS pixels, and on which side of the window it lies when none of it shows. */
interface BarBox {
  readonly x: number;
  readonly width: number;
  readonly outside: "left" | "right" | undefined;
}

/**
 * A span's bar inside the window, at least two pixels wide so that nothing disappears, cut off just beyond the edges so
 * that deep zooms do not ask the canvas for widths it cannot hold. A negative duration is drawn over the time it covers.
 */
export function barBox(window: TimeWindow, width: number, start: number, duration: number): BarBox {
  const from = timeToX(window, width, duration < 0 ? start + duration : start);
  const to = timeToX(window, width, duration < 0 ? start : start + duration);
  if (to < 0) return { x: 0, width: 0, outside: "left" };
  if (from > width) return { x: width, width: 0, outside: "right" };
  const left = Math.max(-2, Math.min(from, width - LEAST_BAR));
  const right = Math.min(width + 2, Math.max(to, left + LEAST_BAR));
  return { x: left, width: right - left, outside: undefined };
}

/** Where a bar's label goes: after it, before it, or inside at its right end where neither side has room. */
export function labelPlace(
  bar: BarBox,
  labelWidth: number,
  width: number,
): { readonly x: number; readonly inside: boolean } {
  const after = bar.x + bar.width + GAP;
  if (after + labelWidth <= width) return { x: after, inside: false };
  const before = bar.x - GAP - labelWidth;
  if (before >= 0) return { x: before, inside: false };
  return { x: Math.max(GAP, Math.min(width, bar.x + bar.width) - GAP - labelWidth), inside: true };
}
