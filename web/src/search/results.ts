import type { UiTraceSummary } from "../../../src/query/ui/api-types.ts";
import type { ResultSort } from "./search-params.ts";

/** The loaded traces in the asked order; equal ones keep the server's order, newest first. */
export function sortResults(traces: readonly UiTraceSummary[], sort: ResultSort): readonly UiTraceSummary[] {
  if (sort === "recent") return traces;
  const weight: Readonly<Record<Exclude<ResultSort, "recent">, (trace: UiTraceSummary) => number>> = {
    longest: (trace) => -Number(trace.durationNano),
    shortest: (trace) => Number(trace.durationNano),
    spans: (trace) => -trace.spanCount,
    errors: (trace) => -trace.errorCount,
  };
  return [...traces].sort((a, b) => weight[sort](a) - weight[sort](b));
}
