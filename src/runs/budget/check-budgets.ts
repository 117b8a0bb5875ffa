import { SPAN_KIND_NAMES } from "../../model/span.ts";
import type { PathFigures, RunPopulation } from "../population/population.ts";
import type { RunBudget } from "./budget-file.ts";

export const BUDGET_LIMITS = ["p50", "p90", "p95", "p99", "max", "calls", "errors"] as const;
export type BudgetLimit = (typeof BUDGET_LIMITS)[number];

/** One limit of one budget. Durations in ns, calls for each call of the parent, failing traces as a share. */
export interface RunBudgetResult {
  /** `shop GET /orders`: what the budget is for. */
  readonly operation: string;
  readonly limit: BudgetLimit;
  readonly allowed: number;
  /** Undefined where no operation of the run fits: then the limit is not met. */
  readonly found: number | undefined;
  readonly met: boolean;
}

const RANKS: Readonly<Partial<Record<BudgetLimit, number>>> = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, max: 1 };

/** Every limit of every budget, held against a run. */
export function checkBudgets(budgets: readonly RunBudget[], { paths }: RunPopulation): RunBudgetResult[] {
  return budgets.flatMap((budget) => {
    const fitting = paths.filter((path) => fits(budget, path));
    const operation = [budget.service, budget.operation].filter((part) => part !== undefined).join(" ");
    return BUDGET_LIMITS.flatMap((limit): RunBudgetResult[] => {
      const allowed = budget[limit];
      if (allowed === undefined) return [];
      const found = fitting.length === 0 ? undefined : measured(limit, fitting);
      return [{ operation, limit, allowed, found, met: found !== undefined && found <= allowed }];
    });
  });
}

function fits({ service, operation, kind }: RunBudget, path: PathFigures): boolean {
  if (service !== undefined && path.service !== service) return false;
  return path.name === operation && (kind === undefined || SPAN_KIND_NAMES[path.kind] === kind);
}

function measured(limit: BudgetLimit, paths: readonly PathFigures[]): number {
  switch (limit) {
    case "calls":
      return paths.reduce((most, { calls }) => Math.max(most, ...calls.keys()), 0);
    case "errors": {
      const failed = paths.reduce((sum, { failedTraces }) => sum + failedTraces, 0);
      return failed / paths.reduce((sum, { traces }) => sum + traces, 0);
    }
    default: {
      const sorted = Float64Array.from(paths.flatMap(({ durationNano }) => [...durationNano])).sort();
      // By nearest rank.
      return sorted[Math.max(0, Math.ceil((RANKS[limit] ?? 1) * sorted.length) - 1)] ?? 0;
    }
  }
}
