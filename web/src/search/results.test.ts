import { describe, expect, it } from "vitest";
import type { UiTraceSummary } from "../../../src/query/ui/api-types.ts";
import { sortResults } from "./results.ts";

function summary(traceId: string, durationNano: string, spanCount: number, errorCount: number): UiTraceSummary {
  return {
    traceId,
    rootService: "s",
    rootName: "n",
    hasRoot: true,
    startTimeUnixNano: "0",
    endTimeUnixNano: durationNano,
    durationNano,
    spanCount,
    errorCount,
    orphanCount: 0,
    services: [],
    matchedSpans: [],
    matchedCount: 0,
  };
}

describe("results", () => {
  const traces = [summary("a", "30", 1, 0), summary("b", "900", 5, 0), summary("c", "30", 9, 2)];
  it.each([
    ["recent", "abc"],
    ["longest", "bac"],
    ["shortest", "acb"],
    ["spans", "cba"],
    ["errors", "cab"],
  ] as const)("%s", (sort, order) =>
    expect(
      sortResults(traces, sort)
        .map((trace) => trace.traceId)
        .join(""),
    ).toBe(order),
  );
});
