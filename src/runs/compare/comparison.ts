import type { RunOperation } from "../population/span-table.ts";

/** Whether the second run is worse than the first. */
export type RunVerdict = "equal" | "worse" | "undecided";

/** What is compared of a path. */
export type ChangeKind = "self" | "duration" | "calls" | "errors" | "appeared" | "vanished";

export interface RunSize {
  readonly traces: number;
  readonly spans: number;
  readonly paths: number;
}

/** Something that the second run does otherwise. */
export interface RunChange {
  readonly kind: ChangeKind;
  /** From the root to the operation itself. */
  readonly path: readonly RunOperation[];
  /** Whether the run is worse for it. */
  readonly worse: boolean;
  /** False where a change further down makes it, as a slow query makes its callers slow. */
  readonly cause: boolean;
  /** Of the typical trace: ns for times, calls for each call of the parent, share of traces for errors. */
  readonly before: number;
  readonly after: number;
  /** Times alone: how many times as long, the shift of the whole run taken out, with an interval of 95 %. */
  readonly ratio?: { readonly estimate: number; readonly low: number; readonly high: number };
  /** Times alone: probability that a trace of the second run takes longer than one of the first. */
  readonly superiority?: number;
  /** After Holm's correction for all that was compared; undefined where no test was needed to see it. */
  readonly p: number | undefined;
  /** Traces that have the path. */
  readonly tracesBefore: number;
  readonly tracesAfter: number;
  /** What it costs a trace of those that have the path, ns; 0 where nobody knows. */
  readonly costNano: number;
}

/** A path that could be judged: its self time in the typical trace of each run. */
export interface ComparedOperation {
  readonly path: readonly RunOperation[];
  readonly tracesBefore: number;
  readonly tracesAfter: number;
  /** Medians, ns. */
  readonly selfBefore: number;
  readonly selfAfter: number;
  /** How many times as long, the shift of the whole run taken out. */
  readonly ratio: number;
}

/** How small a slow-down is found in four of five such comparisons, as a share: 0.07 is 7 %. */
export interface LeastDetectable {
  /** Of the operation in the middle, and of the one that varies most. */
  readonly median: number;
  readonly worst: number;
  /** Operations that could be judged. */
  readonly paths: number;
}

export interface RunComparison {
  readonly verdict: RunVerdict;
  /** Why the runs could not be told to be equal or not, one sentence; with verdict `undecided` alone. */
  readonly undecided?: string;
  readonly before: RunSize;
  readonly after: RunSize;
  /** All operations got slower or faster alike, by this factor; it is taken out of the changes. */
  readonly shift?: { readonly ratio: number; readonly paths: number; readonly worse: boolean };
  /**
   * Standard deviation of what differs between the runs everywhere, as a share: noise of the machine. Undefined with so
   * few operations that it is not known: a slower machine cannot be told from slower code then.
   */
  readonly noise?: number;
  /** Worse ones first, causes first, by what they cost. */
  readonly changes: readonly RunChange[];
  readonly leastDetectable?: LeastDetectable;
  readonly operations: readonly ComparedOperation[];
  /** Paths in both runs, and those of them with too few traces to be judged. */
  readonly commonPaths: number;
  readonly unjudgedPaths: number;
  readonly minEffect: number;
}
