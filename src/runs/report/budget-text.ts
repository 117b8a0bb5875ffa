import { formatDuration } from "../../model/duration-text.ts";
import type { RunBudgetResult } from "../budget/check-budgets.ts";
import { percent } from "./change-words.ts";

/** `p95 at most 200 ms, found 240 ms` */
export function budgetText({ limit, allowed, found }: RunBudgetResult): string {
  const value = found === undefined ? "no operation that fits" : valueText(limit, found);
  const what = limit === "calls" ? "calls for each call of the parent" : limit === "errors" ? "failing traces" : limit;
  return `${what} at most ${valueText(limit, allowed)}, found ${value}`;
}

function valueText(limit: RunBudgetResult["limit"], value: number): string {
  if (limit === "calls") return String(value);
  return limit === "errors" ? percent(value) : formatDuration(value);
}
