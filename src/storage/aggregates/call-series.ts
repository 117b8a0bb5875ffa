import { ExponentialHistogram } from "../../model/exponential-histogram.ts";
import { HOUR_MS } from "../../model/time.ts";
import type { CallPoint, CallSeries, CallSeriesQuery } from "../../model/trace-query.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { hasTable, hourOf, readCalls } from "./dependency-table.ts";

/**
 * The calls from one service to another by hour, several hours a point where the range has more than `maxPoints`. A
 * range from 0 on begins with the first hour that is stored; no points where none is.
 */
export function readCallSeries(db: SqlDatabase, query: CallSeriesQuery): CallSeries {
  const hours = hasTable(db, "dependency_hour")
    ? db
        .prepare<{ hour: number }>("SELECT hour AS hour FROM dependency_hour WHERE hour BETWEEN ? AND ? ORDER BY hour")
        .all(hourOf(query.startMs), hourOf(query.endMs))
        .map(({ hour }) => hour)
    : [];
  const [stored] = hours;
  if (stored === undefined) return { startMs: hourOf(query.startMs) * HOUR_MS, stepMs: HOUR_MS, points: [] };
  const first = query.startMs <= 0 ? stored : hourOf(query.startMs);
  const length = hourOf(query.endMs) - first + 1;
  const step = Math.ceil(length / query.maxPoints);
  const sums = Array.from({ length: Math.ceil(length / step) }, () => ({
    calls: 0,
    errors: 0,
    durations: new ExponentialHistogram(),
  }));
  for (const { hour, calls, errors, durations } of readCalls(db, hours, true, query)) {
    const sum = sums[Math.floor((hour - first) / step)]!;
    sum.calls += calls;
    sum.errors += errors;
    if (durations !== undefined) sum.durations.merge(durations);
  }
  return { startMs: first * HOUR_MS, stepMs: step * HOUR_MS, points: sums.map(pointOf) };
}

function pointOf({
  calls,
  errors,
  durations,
}: {
  readonly calls: number;
  readonly errors: number;
  readonly durations: ExponentialHistogram;
}): CallPoint {
  const counts = { callCount: Math.round(calls), errorCount: Math.round(errors) };
  return durations.count === 0 ? counts : { ...counts, p99Nano: Math.round(durations.quantile(0.99)) };
}
