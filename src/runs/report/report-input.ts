import type { RunComparison } from "../compare/comparison.ts";

/** What reports are written of. */
export interface DiffReport {
  /** What the two runs are called. */
  readonly names: readonly [before: string, after: string];
  readonly comparison: RunComparison;
  /** Of both. */
  readonly verdict: RunComparison["verdict"];
}
