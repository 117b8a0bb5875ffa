import type { FieldValue, SpanFilter, TraceQuery } from "./trace-query.ts";
import type { MetricsStage, SpansetPipeline } from "./traceql.ts";

/**
 * What a TraceQL query of metrics compiles to: spans become numbers by the time at which they start. A span counts as
 * one, whatever its sampling, and one that was stored twice counts twice; with `spansets` each distinct span of a trace
 * counts once.
 */
export interface MetricsQuery {
  /** Without `spansets` the spans that count; with them what each of these satisfies. */
  readonly filter: SpanFilter;
  /** Of every trace the spans that its result leaves count; its spans outside of the time range are seen too. */
  readonly spansets?: SpansetPipeline;
  readonly stage: MetricsStage;
  /** ns since the epoch: a span counts that starts in [start, end), in the step that begins at or before its start. */
  readonly start: bigint;
  readonly end: bigint;
  /** ns; the last step may end after `end`, and is not longer for it. At most MAX_METRIC_STEPS steps. */
  readonly step: bigint;
  /** What is not looked at by then is left out, and said; ms. Absent: as long as a search may take. */
  readonly budgetMs?: number;
}

export const MAX_METRIC_STEPS = 11_000;

export interface MetricsResult {
  /** ns since the epoch, and ns: as they were asked for. */
  readonly start: bigint;
  readonly step: bigint;
  /** Values of every series. */
  readonly points: number;
  /** By type and text of the values that make their groups, those of a group by quantile or bucket. */
  readonly series: readonly MetricSeries[];
  /** False where values may be too small or missing: time or memory ended it, or a part could not be read. */
  readonly complete: boolean;
  /** Where not complete: why, one sentence without a full stop. */
  readonly reason?: string;
}

export interface MetricSeries {
  /** Of the fields of `by`, in their order; undefined stands for spans without one. */
  readonly by: readonly (FieldValue | undefined)[];
  /** Of `quantile_over_time`: which, 0 to 1. */
  readonly quantile?: number;
  /** Of `histogram_over_time`: values above half of it and up to it; 0 holds those of 0 and below. */
  readonly bucket?: number;
  /**
   * One a step. `rate`: spans a second; `count_over_time` and histograms: spans. Else of the field's numbers, durations
   * in seconds, and NaN where no span has one; quantiles are within 2.2 %. With `topk` and `bottomk` also NaN where the
   * series is not among those of the step.
   */
  readonly values: Float64Array;
}

/** How many traces took how long when: all that match a query, put into cells of time and duration. */
export interface HeatQuery {
  /** Its limit, order and page mean nothing here. At any time the map goes from the earliest to the latest trace. */
  readonly query: TraceQuery;
  /** The end of a map whose query has a start and no end, and later is no trace's start; ns since the epoch. */
  readonly now: bigint;
  /** Equal steps of time, and equal steps of the logarithm of durations; at least 1. */
  readonly columns: number;
  readonly rows: number;
  /** What is not looked at by then is left out, and said; ms. */
  readonly budgetMs: number;
}

export interface HeatMap {
  /** ns since the epoch, `end` after `start`. Traces that start before or after are in the first or last column. */
  readonly start: bigint;
  readonly end: bigint;
  /** Powers of ten, ns, `most` above `least`. Shorter traces are in the lowest row, which is row 0. */
  readonly least: number;
  readonly most: number;
  /** Cells with traces, by column, then row. */
  readonly cells: readonly HeatCell[];
  /** Of all cells. What has no duration, or no start that can be believed, is in none. */
  readonly traces: number;
  readonly failed: number;
  /** As in SearchResult. */
  readonly complete: boolean;
  readonly reason?: string;
  readonly searchedBackTo?: bigint;
}

export interface HeatCell {
  readonly column: number;
  readonly row: number;
  readonly traces: number;
  /** Of them, those with a failed span. */
  readonly failed: number;
}
