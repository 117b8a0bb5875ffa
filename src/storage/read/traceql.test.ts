import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batches, query as searchQuery } from "../../../test/support/search/arbitrary-traces.ts";
import { MemorySource } from "../../../test/support/search/memory-source.ts";
import { flatten, group, inOrder, type NaiveSpan, summarise } from "../../../test/support/search/naive-search.ts";
import { traceqlQuery } from "../../../test/support/traceql/arbitrary-queries.ts";
import { naiveMatches } from "../../../test/support/traceql/naive-traceql.ts";
import { LATEST_TIME } from "../../model/span-times.ts";
import type { TraceQuery, TraceSummary } from "../../model/trace-query.ts";
import type { TraceqlQuery } from "../../model/traceql.ts";
import { planTraceql } from "../../traceql/plan.ts";
import { createTraceReader, DEFAULT_TRACE_READER } from "./trace-reader.ts";

/** `SPANLOOM_LONG_TESTS=1` compares tens of thousands of queries. */
const LONGER = process.env.SPANLOOM_LONG_TESTS === "1" ? 50 : 1;
const { signal } = new AbortController();

type Bounds = Pick<TraceQuery, "startMin" | "startMax" | "traceDurationMin" | "traceDurationMax" | "order">;

/** By the definition, all traces, in order. */
function naiveFind(spans: readonly NaiveSpan[], traceql: TraceqlQuery, bounds: Bounds): TraceSummary[] {
  const { startMin = 0n, traceDurationMin, traceDurationMax } = bounds;
  const startMax = bounds.startMax ?? (bounds.startMin === undefined ? 2n ** 64n : LATEST_TIME);
  const asksLength = traceDurationMin !== undefined || traceDurationMax !== undefined;
  return [...group(spans)]
    .flatMap(([traceId, trace]) => {
      const isIn = ({ span }: NaiveSpan) => span.startTimeUnixNano >= startMin && span.startTimeUnixNano <= startMax;
      const matched = naiveMatches(trace, traceql).filter(isIn);
      return matched.length > 0 ? summarise(traceId, trace, matched) : [];
    })
    .filter(({ durationUnknown }) => !(asksLength && durationUnknown === true))
    .filter(({ start, end }) => traceDurationMin === undefined || end - start >= traceDurationMin)
    .filter(({ start, end }) => traceDurationMax === undefined || end - start <= traceDurationMax)
    .sort(inOrder(bounds.order));
}

const layouts = fc.record({
  rollEvery: fc.integer({ min: 1, max: 6 }),
  bloomBytes: fc.constantFrom(0, 100_000_000),
  cacheBytes: fc.constantFrom(0, 20_000, 100_000_000),
  /** Nearly every trace is a long one, or none is. */
  longTraceBlocks: fc.constantFrom(1, 2, 1_000),
});

describe("a search for spansets", () => {
  it("finds what a naive evaluation of the query finds, page by page", async () => {
    await fc.assert(
      fc.asyncProperty(
        batches,
        fc.array(fc.tuple(traceqlQuery, searchQuery, fc.boolean()), { minLength: 8, maxLength: 12 }),
        layouts,
        async (data, queries, { rollEvery, bloomBytes, cacheBytes, longTraceBlocks }) => {
          const source = new MemorySource();
          for (const [i, batch] of data.entries()) {
            source.append(batch);
            if ((i + 1) % rollEvery === 0) source.roll();
          }
          const cache = { bloomBytes, indexBytes: cacheBytes, bodyBytes: cacheBytes, longTraceBlocks };
          const reader = createTraceReader(source, { ...DEFAULT_TRACE_READER, cache });
          const spans = flatten(data);
          for (const [traceql, { limit, filter: _, ...bounds }, isPlanned] of queries) {
            const expected = naiveFind(spans, traceql, bounds);
            const everything = { filter: { op: "all" }, spansets: traceql.pipeline } as const;
            const asked: TraceQuery = { ...(isPlanned ? planTraceql(traceql) : everything), limit, ...bounds };
            const first = await reader.find({ ...asked, count: true }, signal);
            expect(first.traces).toEqual(expected.slice(0, limit));
            expect(first).toMatchObject({ complete: true, total: { traces: expected.length, exact: true } });
            if (first.next === undefined) expect(expected.length).toBeLessThanOrEqual(limit);
            else {
              const second = await reader.find({ ...asked, after: first.next }, signal);
              expect(second.traces).toEqual(expected.slice(limit, limit * 2));
            }
          }
        },
      ),
      { numRuns: 60 * LONGER },
    );
  }, 600_000);
});
