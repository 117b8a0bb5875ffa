import type { ExponentialHistogram } from "./exponential-histogram.ts";
import type { SpanKind } from "./span.ts";

/** What services did over time: rate, errors, duration. Times in ms since the epoch. */
export interface RedQuery {
  /** A point belongs to the answer when it begins in [startMs, endMs). */
  readonly startMs: number;
  readonly endMs: number;
  /** Wanted width of a point; the answer's is the next multiple of what is kept for that time. */
  readonly stepMs: number;
  /** Of these services, or of all. */
  readonly services?: readonly string[];
  /** Only spans of these kinds, or all. */
  readonly kinds?: readonly SpanKind[];
  /** A series for each operation instead of one for each service. */
  readonly byOperation: boolean;
}

export interface RedMetrics {
  /** Beginning of the first point, a multiple of `stepMs`. */
  readonly startMs: number;
  readonly stepMs: number;
  /** Number of points of every series. */
  readonly points: number;
  /** Sorted by service, operation, kind; those without a span in the range are left out. */
  readonly series: readonly RedSeries[];
}

export interface RedSeries {
  readonly service: string;
  /** Undefined where the series is of all operations. */
  readonly operation: string | undefined;
  readonly kind: SpanKind;
  /** Undefined where no span began in that time. */
  readonly points: readonly (RedPoint | undefined)[];
}

export interface RedPoint {
  /** Spans, and those of them with the status error, scaled by their adjusted counts: fractions occur. */
  readonly calls: number;
  readonly errors: number;
  /** Spans as stored, and those whose sampling probability nobody stated: these count as one each. */
  readonly spans: number;
  readonly unscaled: number;
  /** Nanoseconds, scaled as `calls` are. */
  readonly durations: ExponentialHistogram;
}

/** Stands for all operations, or services, beyond the number that is kept apart. */
export const OTHER_OPERATIONS = "(other operations)";
export const OTHER_SERVICES = "(other services)";
