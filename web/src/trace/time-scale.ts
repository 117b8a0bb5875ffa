/** The part of the trace that is on screen, ns relative to its start; `from < to`. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

/** Pixel position of a time; outside the window it lies outside 0…width. */
export function timeToX(window: TimeWindow, width: number, time: number): number {
  return ((time - window.from) / (window.to - window.from)) * width;
}

export function xToTime(window: TimeWindow, width: number, x: number): number {
  return window.from + (x / width) * (window.to - window.from);
}

/**
 * The window kept inside the trace and no narrower than a nanosecond or a ten-millionth of the trace, below which a
 * pixel holds no time that a double can tell apart.
 */
export function clampWindow(window: TimeWindow, duration: number): TimeWindow {
  const whole = Math.max(duration, 1);
  const least = Math.max(1, whole / 1e7);
  const span = Math.min(whole, Math.max(least, window.to - window.from));
  const from = Math.min(Math.max(0, window.from), whole - span);
  return { from, to: from + span };
}

/** The window scaled by `factor` around a time that stays where it is on screen. */
export function zoomAround(window: TimeWindow, time: number, factor: number, duration: number): TimeWindow {
  return clampWindow({ from: time - (time - window.from) * factor, to: time + (window.to - time) * factor }, duration);
}

/** Round tick times inside the window, a 1-2-5 step apart, about `target` of them. */
export function ticks(
  window: TimeWindow,
  target: number,
): { readonly step: number; readonly times: readonly number[] } {
  const span = window.to - window.from;
  const raw = span / Math.max(1, target);
  const magnitude = 10 ** Math.floor(Math.log10(raw));
  const ratio = raw / magnitude;
  const step = (ratio <= 1 ? 1 : ratio <= 2 ? 2 : ratio <= 5 ? 5 : 10) * magnitude;
  const times: number[] = [];
  for (let k = Math.ceil(window.from / step - 1e-9); k * step <= window.to + step * 1e-9; k++) times.push(k * step + 0);
  return { step, times };
}
