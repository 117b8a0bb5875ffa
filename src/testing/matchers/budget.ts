import { count } from "../../query/text/readable.ts";
import type { TestSpan, TestTrace } from "../trace/test-trace.ts";
import { assertPattern, patternText, type SpanPattern, spanMatches } from "./span-pattern.ts";
import { inspected } from "./value-match.ts";

const QUANTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, max: 1 } as const;
type Quantile = keyof typeof QUANTILES;

/** What traces may take at most. Times are ms. */
export interface Budget extends Partial<Readonly<Record<Quantile, number>>> {
  /** Spans that are measured; without it the roots of the traces. */
  readonly span?: SpanPattern;
  /** How many such spans one trace may have: finds a query that is made for every item. */
  readonly perTrace?: number;
}

export interface BudgetResult {
  /** What is over the budget, a line each. */
  readonly over: readonly string[];
  /** All that was measured. */
  readonly measured: string;
}

/**
 * Quantiles are by the nearest rank: of few durations p95 is the longest.
 * @throws TypeError for what is no budget
 */
export function checkBudget(traces: readonly TestTrace[], budget: Budget): BudgetResult {
  assertBudget(budget);
  const { span: pattern } = budget;
  const spansOf = ({ spans, root }: TestTrace): readonly TestSpan[] =>
    pattern === undefined ? (root === undefined ? [] : [root]) : spans.filter((span) => spanMatches(span, pattern));
  const durations = traces.flatMap((trace) => spansOf(trace).map(({ durationMs }) => durationMs)).sort((a, b) => a - b);
  const title =
    pattern === undefined
      ? count(durations.length, "root span")
      : `${count(durations.length, "span")} with ${patternText(pattern)}`;
  if (durations.length === 0) {
    return { over: [`nothing was measured: ${title} in ${count(traces.length, "trace")}`], measured: title };
  }
  const over: string[] = [];
  for (const name of Object.keys(QUANTILES) as Quantile[]) {
    const most = budget[name];
    const took = quantile(durations, QUANTILES[name]);
    if (most !== undefined && !(took <= most))
      over.push(`${name}: expected at most ${most} ms, found ${rounded(took)} ms`);
  }
  for (const trace of budget.perTrace === undefined ? [] : traces) {
    const found = spansOf(trace).length;
    if (found > (budget.perTrace as number)) {
      over.push(`perTrace: expected at most ${budget.perTrace}, found ${found} in trace ${trace.traceId}`);
    }
  }
  const quantiles = (Object.keys(QUANTILES) as Quantile[]).map(
    (name) => `${name} ${rounded(quantile(durations, QUANTILES[name]))} ms`,
  );
  return { over, measured: `${title}: ${quantiles.join(", ")}` };
}

function assertBudget(budget: unknown): asserts budget is Budget {
  const known = [...Object.keys(QUANTILES), "span", "perTrace"];
  if (typeof budget !== "object" || budget === null || Object.keys(budget).length === 0) {
    throw new TypeError(`toBeWithinBudget: expected some of ${known.join(", ")}, found ${inspected(budget)}`);
  }
  for (const [key, value] of Object.entries(budget)) {
    if (!known.includes(key)) throw new TypeError(`a budget has no "${key}"; expected some of ${known.join(", ")}`);
    if (key === "span") assertPattern(value);
    else if (typeof value !== "number" || !(value >= 0)) {
      throw new TypeError(`${key}: expected a number from 0, found ${inspected(value)}`);
    }
  }
  if (Object.keys(budget).every((key) => key === "span")) {
    throw new TypeError(`toBeWithinBudget: expected a limit beside span: some of ${known.join(", ")}`);
  }
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] as number;
}

function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
