import type { RunBudgetResult } from "../budget/check-budgets.ts";
import type { RunComparison } from "../compare/comparison.ts";

/** What reports are written of. */
export interface DiffReport {
  /** What the two runs are called. */
  readonly names: readonly [before: string, after: string];
  readonly comparison: RunComparison;
  /** Of the second run. */
  readonly budgets: readonly RunBudgetResult[];
  /** Of the comparison, and of the budgets. */
  readonly verdict: RunComparison["verdict"];
}
