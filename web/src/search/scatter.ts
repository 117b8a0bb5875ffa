import type { UiTraceSummary } from "../../../src/query/ui/api-types.ts";
import { nanoToMs } from "../format/time.ts";
import { ticks } from "../format/time-scale.ts";

/** A trace as a point: start over duration. */
export interface ScatterPoint {
  readonly traceId: string;
  readonly timeMs: number;
  readonly durationNs: number;
  readonly error: boolean;
  readonly label: string;
}

/** Bounds that all points fit in; never empty, so that one point stands in the middle. */
interface ScatterRange {
  readonly fromMs: number;
  readonly toMs: number;
  /** Logarithmic axis: powers of ten, ns. */
  readonly leastNs: number;
  readonly mostNs: number;
}

export function scatterPoints(traces: readonly UiTraceSummary[]): readonly ScatterPoint[] {
  return traces.map((trace) => ({
    traceId: trace.traceId,
    timeMs: nanoToMs(trace.startTimeUnixNano),
    durationNs: Math.max(1, Number(trace.durationNano)),
    error: trace.errorCount > 0,
    label: `${trace.rootService} ${trace.rootName}`,
  }));
}

/** The time span of the points and the powers of ten around their durations. */
export function scatterRange(points: readonly ScatterPoint[]): ScatterRange {
  let [fromMs, toMs, leastNs, mostNs] = [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    1,
  ];
  for (const point of points) {
    fromMs = Math.min(fromMs, point.timeMs);
    toMs = Math.max(toMs, point.timeMs);
    leastNs = Math.min(leastNs, point.durationNs);
    mostNs = Math.max(mostNs, point.durationNs);
  }
  if (points.length === 0) return { fromMs: 0, toMs: 1, leastNs: 1, mostNs: 10 };
  if (toMs - fromMs < 1) [fromMs, toMs] = [fromMs - 500, toMs + 500];
  const least = 10 ** Math.floor(Math.log10(leastNs) + 1e-12);
  const most = 10 ** Math.ceil(Math.log10(mostNs) - 1e-12);
  return { fromMs, toMs, leastNs: least, mostNs: Math.max(most, least * 10) };
}

/** Position in a plot of this size; y grows downwards, so the longest is on top. */
export function scatterPosition(
  range: ScatterRange,
  width: number,
  height: number,
  point: Pick<ScatterPoint, "timeMs" | "durationNs">,
): { readonly x: number; readonly y: number } {
  const x = ((point.timeMs - range.fromMs) / (range.toMs - range.fromMs)) * width;
  const decades = Math.log10(range.mostNs / range.leastNs);
  const y = height - (Math.log10(point.durationNs / range.leastNs) / decades) * height;
  return { x, y };
}

/** The powers of ten on the duration axis, thinned to at most six. */
export function durationTicks(range: ScatterRange): readonly number[] {
  const decades = Math.round(Math.log10(range.mostNs / range.leastNs));
  const every = Math.ceil(decades / 5);
  return Array.from({ length: Math.floor(decades / every) + 1 }, (_, i) => range.leastNs * 10 ** (i * every));
}

/** Round local times on the time axis, ms since the epoch, about `target` of them, and how far they are apart, ms. */
export function timeTicks(
  range: ScatterRange,
  target: number,
): { readonly stepMs: number; readonly times: readonly number[] } {
  const midnight = new Date(range.fromMs).setHours(0, 0, 0, 0);
  const sinceMidnight = (ms: number) => (ms - midnight) * 1e6;
  const { step, times } = ticks({ from: sinceMidnight(range.fromMs), to: sinceMidnight(range.toMs) }, target);
  return { stepMs: step / 1e6, times: times.map((ns) => midnight + ns / 1e6) };
}

export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** Ids of the points inside a box given by any two corners. */
export function pointsInBox(
  points: readonly ScatterPoint[],
  range: ScatterRange,
  width: number,
  height: number,
  box: Box,
): ReadonlySet<string> {
  const [left, right] = [Math.min(box.x0, box.x1), Math.max(box.x0, box.x1)];
  const [top, bottom] = [Math.min(box.y0, box.y1), Math.max(box.y0, box.y1)];
  const inside = points.filter((point) => {
    const { x, y } = scatterPosition(range, width, height, point);
    return x >= left && x <= right && y >= top && y <= bottom;
  });
  return new Set(inside.map((point) => point.traceId));
}

/** The point nearest to a position, within `reach` pixels. */
export function nearestPoint(
  points: readonly ScatterPoint[],
  range: ScatterRange,
  width: number,
  height: number,
  at: { readonly x: number; readonly y: number },
  reach: number,
): ScatterPoint | undefined {
  let found: ScatterPoint | undefined;
  let least = reach * reach;
  for (const point of points) {
    const { x, y } = scatterPosition(range, width, height, point);
    const distance = (x - at.x) ** 2 + (y - at.y) ** 2;
    if (distance <= least) {
      least = distance;
      found = point;
    }
  }
  return found;
}
