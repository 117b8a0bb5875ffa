import type { UiRedResponse, UiRedSeries } from "../../../src/query/ui/api-types.ts";

/** What is drawn of a service or an operation: a value for each point of time; null where nothing was counted. */
export interface ChartFigures {
  /** Begins of the points, ms since the epoch. */
  readonly times: readonly number[];
  /** Per second. */
  readonly rate: readonly number[];
  readonly failed: readonly number[];
  /** 0 to 1. */
  readonly share: readonly (number | null)[];
  /** ns. */
  readonly p50: readonly (number | null)[];
  readonly p95: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
}

/** The last point is only as long as time has gone. */
export function chartFigures(
  { startMs, endMs, stepMs, points }: Pick<UiRedResponse, "startMs" | "endMs" | "stepMs" | "points">,
  { series }: Pick<UiRedSeries, "series">,
): ChartFigures {
  const times = Array.from({ length: points }, (_, i) => startMs + i * stepMs);
  const seconds = times.map((time) => Math.max(1, Math.min(stepMs, endMs - time) / 1000));
  return {
    times,
    rate: series.calls.map((calls, i) => calls / seconds[i]!),
    failed: series.errors.map((errors, i) => errors / seconds[i]!),
    share: series.calls.map((calls, i) => (calls === 0 ? null : series.errors[i]! / calls)),
    p50: series.p50Nano,
    p95: series.p95Nano,
    p99: series.p99Nano,
  };
}
