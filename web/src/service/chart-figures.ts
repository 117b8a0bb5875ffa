import type { UiRedResponse, UiRedSeries } from "../../../src/query/ui/api-types.ts";

/** What is drawn of a service or an operation: a value for each point of time; null where nothing was counted. */
export interface ChartFigures {
  /** Begins of the points, ms since the epoch. */
  readonly times: readonly number[];
  /** s that each point is counted for. */
  readonly seconds: readonly number[];
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

/** The last point is only as long as it is counted; of one that has just begun nothing is known yet. */
export function chartFigures(
  { startMs, coveredEndMs, stepMs, points }: Pick<UiRedResponse, "startMs" | "coveredEndMs" | "stepMs" | "points">,
  { series }: Pick<UiRedSeries, "series">,
): ChartFigures {
  const times = Array.from({ length: points }, (_, i) => startMs + i * stepMs);
  const seconds = times.map((time) => Math.max(1, Math.min(stepMs, coveredEndMs - time) / 1000));
  return {
    times,
    seconds,
    rate: series.calls.map((calls, i) => calls / seconds[i]!),
    failed: series.errors.map((errors, i) => errors / seconds[i]!),
    share: series.calls.map((calls, i) => (calls === 0 ? null : series.errors[i]! / calls)),
    p50: series.p50Nano,
    p95: series.p95Nano,
    p99: series.p99Nano,
  };
}
