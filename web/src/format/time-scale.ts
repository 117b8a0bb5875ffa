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

/** Steps of minutes, hours and days, ns: from half a minute on, time is not decimal. */
const CLOCK_STEPS = [30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400].map((s) => s * 1e9);

/** Round tick times inside the window, a 1-2-5 step (or a round clock time) apart, about `target` of them. */
export function ticks(
  window: TimeWindow,
  target: number,
): { readonly step: number; readonly times: readonly number[] } {
  const span = window.to - window.from;
  const step = roundStep(span / Math.max(1, target));
  const times: number[] = [];
  for (let k = Math.ceil(window.from / step - 1e-9); k * step <= window.to + step * 1e-9; k++) times.push(k * step + 0);
  return { step, times };
}

function roundStep(least: number): number {
  if (least > 20e9) {
    const clock = CLOCK_STEPS.find((step) => step >= least);
    if (clock !== undefined) return clock;
  }
  const unit = least > 86_400e9 ? 86_400e9 : 1;
  const magnitude = 10 ** Math.floor(Math.log10(least / unit)) * unit;
  const ratio = least / magnitude;
  return (ratio <= 1 ? 1 : ratio <= 2 ? 2 : ratio <= 5 ? 5 : 10) * magnitude;
}
