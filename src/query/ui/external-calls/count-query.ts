import type { MetricsQuery } from "../../../model/metrics-query.ts";
import { DAY_MS } from "../../../model/time.ts";
import { parseTraceql } from "../../../traceql/parse.ts";
import { planTraceql } from "../../../traceql/plan.ts";

/** A page shows them beside its map. */
const BUDGET_MS = 2_000;
/** Longer ranges cannot be counted in one step: 2^53 ns. */
export const MAX_RANGE_MS = 100 * DAY_MS;
const NANOS_PER_MS = 1_000_000n;

/**
 * A query of metrics over a range, ms since the epoch, its end included: in one step, or in steps of `stepMs`.
 * @throws TraceqlError
 */
export function countQuery(text: string, startMs: number, endMs: number, stepMs?: number): MetricsQuery {
  const { pipeline, metrics } = parseTraceql(text);
  const { filter, spansets } = planTraceql({ pipeline, hints: [] });
  const [start, end] = [BigInt(startMs) * NANOS_PER_MS, BigInt(endMs + 1) * NANOS_PER_MS];
  return {
    filter,
    ...(spansets === undefined ? {} : { spansets }),
    stage: metrics!,
    start,
    end,
    step: stepMs === undefined ? end - start : BigInt(stepMs) * NANOS_PER_MS,
    budgetMs: BUDGET_MS,
  };
}
