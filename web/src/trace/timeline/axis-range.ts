import { clampWindow, type TimeWindow, xToTime } from "../../format/time-scale.ts";

/** Shorter drags are presses, CSS pixels. */
const LEAST_DRAG = 4;

/** What is dragged over on the axis: from where to where in CSS pixels of its width, and the times that stand there. */
export interface AxisRange {
  readonly from: number;
  readonly to: number;
  readonly window: TimeWindow;
}

/**
 * The range between two places of the pointer, in either order and kept on the axis; undefined for a press.
 * @param width of the time axis, CSS pixels
 * @param extent of the trace, ns
 */
export function axisRange(
  window: TimeWindow,
  width: number,
  extent: number,
  [a, b]: readonly [number, number],
): AxisRange | undefined {
  const kept = (x: number) => Math.max(0, Math.min(width, x));
  const [from, to] = [kept(Math.min(a, b)), kept(Math.max(a, b))];
  if (width <= 0 || to - from < LEAST_DRAG) return undefined;
  const times = { from: xToTime(window, width, from), to: xToTime(window, width, to) };
  return { from, to, window: clampWindow(times, extent) };
}
