import { ExponentialHistogram } from "../../model/exponential-histogram.ts";
import type { MetricSeries } from "../../model/metrics-query.ts";
import type { MetricsFunction } from "../../model/traceql.ts";

/** A value of a series, whose `by` is added by who knows it. */
export type NamedValues = Pick<MetricSeries, "quantile" | "bucket" | "values">;

/** What is kept for every series and step of one query. */
export interface MetricCells {
  /** About how much, bytes. */
  readonly bytes: number;
  /** Counts a span, or as many as a function without a field is told; `value` is never NaN. */
  add(series: number, step: number, value: number, spans: number): void;
  /** `seconds`: length of a step. */
  finish(series: number, seconds: number): readonly NamedValues[];
}

const HISTOGRAM_BYTES = 400;

export function metricCells(fn: MetricsFunction, steps: number): MetricCells {
  switch (fn.name) {
    case "rate":
    case "count_over_time":
      return new Counts(steps, fn.name === "rate");
    case "quantile_over_time":
      return new Quantiles(steps, fn.quantiles);
    case "histogram_over_time":
      return new Buckets(steps);
    case "min_over_time":
      return new Folded(steps, Math.min);
    case "max_over_time":
      return new Folded(steps, Math.max);
    case "sum_over_time":
      return new Folded(steps, (a, b) => a + b);
    case "avg_over_time":
      return new Averages(steps);
  }
}

/** A number for each step of each series, all equal before. */
class Rows {
  readonly #rows: Float64Array[] = [];
  readonly #steps: number;
  readonly #initial: number;

  constructor(steps: number, initial: number) {
    this.#steps = steps;
    this.#initial = initial;
  }

  get bytes(): number {
    return this.#rows.length * (this.#steps * 8 + 100);
  }

  of(series: number): Float64Array {
    while (this.#rows.length <= series) this.#rows.push(new Float64Array(this.#steps).fill(this.#initial));
    return this.#rows[series] as Float64Array;
  }
}

class Counts implements MetricCells {
  readonly #rows: Rows;
  readonly #bySecond: boolean;

  constructor(steps: number, bySecond: boolean) {
    this.#rows = new Rows(steps, 0);
    this.#bySecond = bySecond;
  }

  get bytes(): number {
    return this.#rows.bytes;
  }

  add(series: number, step: number, _: number, spans: number): void {
    const row = this.#rows.of(series);
    row[step] = (row[step] as number) + spans;
  }

  finish(series: number, seconds: number): NamedValues[] {
    const counts = this.#rows.of(series);
    return [{ values: this.#bySecond ? counts.map((count) => count / seconds) : counts }];
  }
}

class Folded implements MetricCells {
  readonly #rows: Rows;
  readonly #fold: (a: number, b: number) => number;

  constructor(steps: number, fold: (a: number, b: number) => number) {
    this.#rows = new Rows(steps, Number.NaN);
    this.#fold = fold;
  }

  get bytes(): number {
    return this.#rows.bytes;
  }

  add(series: number, step: number, value: number): void {
    const row = this.#rows.of(series);
    const before = row[step] as number;
    row[step] = Number.isNaN(before) ? value : this.#fold(before, value);
  }

  finish(series: number): NamedValues[] {
    return [{ values: this.#rows.of(series) }];
  }
}

class Averages implements MetricCells {
  readonly #sums: Rows;
  readonly #counts: Rows;

  constructor(steps: number) {
    this.#sums = new Rows(steps, 0);
    this.#counts = new Rows(steps, 0);
  }

  get bytes(): number {
    return this.#sums.bytes + this.#counts.bytes;
  }

  add(series: number, step: number, value: number): void {
    const sums = this.#sums.of(series);
    const counts = this.#counts.of(series);
    sums[step] = (sums[step] as number) + value;
    counts[step] = (counts[step] as number) + 1;
  }

  finish(series: number): NamedValues[] {
    const counts = this.#counts.of(series);
    return [{ values: this.#sums.of(series).map((sum, step) => sum / (counts[step] as number)) }];
  }
}

class Quantiles implements MetricCells {
  readonly #steps: number;
  readonly #quantiles: readonly number[];
  readonly #histograms = new Map<number, ExponentialHistogram>();

  constructor(steps: number, quantiles: readonly number[]) {
    this.#steps = steps;
    this.#quantiles = quantiles;
  }

  get bytes(): number {
    return this.#histograms.size * HISTOGRAM_BYTES;
  }

  add(series: number, step: number, value: number): void {
    const key = series * this.#steps + step;
    let histogram = this.#histograms.get(key);
    if (histogram === undefined) {
      histogram = new ExponentialHistogram();
      this.#histograms.set(key, histogram);
    }
    histogram.add(value);
  }

  finish(series: number): NamedValues[] {
    return this.#quantiles.map((quantile) => ({
      quantile,
      values: Float64Array.from(
        { length: this.#steps },
        (_, step) => this.#histograms.get(series * this.#steps + step)?.quantile(quantile) ?? Number.NaN,
      ),
    }));
  }
}

class Buckets implements MetricCells {
  readonly #steps: number;
  readonly #series: Map<number, Float64Array>[] = [];
  #rows = 0;

  constructor(steps: number) {
    this.#steps = steps;
  }

  get bytes(): number {
    return this.#rows * (this.#steps * 8 + 100);
  }

  add(series: number, step: number, value: number): void {
    while (this.#series.length <= series) this.#series.push(new Map());
    const buckets = this.#series[series] as Map<number, Float64Array>;
    const bucket = upperBound(value);
    let row = buckets.get(bucket);
    if (row === undefined) {
      row = new Float64Array(this.#steps);
      buckets.set(bucket, row);
      this.#rows++;
    }
    row[step] = (row[step] as number) + 1;
  }

  finish(series: number): NamedValues[] {
    return [...(this.#series[series] ?? [])].sort(([a], [b]) => a - b).map(([bucket, values]) => ({ bucket, values }));
  }
}

/** The least power of two that is not below the value; 0 for 0 and below. */
function upperBound(value: number): number {
  if (value <= 0) return 0;
  if (value === Number.POSITIVE_INFINITY) return value;
  const bound = 2 ** Math.ceil(Math.log2(value));
  return bound < value ? bound * 2 : bound / 2 >= value ? bound / 2 : bound;
}
