import type { RunOperation } from "./span-table.ts";

/** All requests of a run, by operation path. */
export interface RunPopulation {
  readonly traces: number;
  readonly spans: number;
  /** Of the earliest span, ns since the epoch. */
  readonly startUnixNano: bigint;
  /** Spans whose parent is not there: their paths begin with themselves. */
  readonly orphans: number;
  /** Spans that are left out, as their paths are longer than can be kept or more than can be kept. */
  readonly leftOut: number;
  /** Parents before their children. */
  readonly paths: readonly PathFigures[];
}

/** The spans of a run that were called in the same way: an operation below its parent's path. */
export interface PathFigures extends RunOperation {
  /** Position in `paths`, or -1 for a root. */
  readonly parent: number;
  /** Traces that have the path; further figures are of these, unless something else is said. */
  readonly traces: number;
  readonly spans: number;
  /** Traces in which a span of the path has failed. */
  readonly failedTraces: number;
  /** Calls for each call of the parent, with how many traces have so many. */
  readonly calls: ReadonlyMap<number, number>;
  /** One figure a trace, in the order of the traces: the mean duration of a call, ns. At most MOST_FIGURES. */
  readonly durationNano: Float64Array;
  /** The same without the time in which children run. It is `durationNano` itself where no span has children. */
  readonly selfNano: Float64Array;
  /** Self time of all spans of the path, ns. */
  readonly totalSelfNano: number;
}

/** Figures that are kept of a path; of more, as many are drawn by lot, the same ones each time. */
export const MOST_FIGURES = 1_000;
