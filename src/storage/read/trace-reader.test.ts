import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batches, query } from "../../../test/support/search/arbitrary-traces.ts";
import { MemorySource } from "../../../test/support/search/memory-source.ts";
import { flatten, group, naiveFind } from "../../../test/support/search/naive-search.ts";
import type { TraceReader } from "../../component/read.ts";
import { bytesToHex, hexToBytes } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import type { TraceQuery, TraceSummary } from "../../model/trace-query.ts";
import { createTraceReader, DEFAULT_TRACE_READER } from "./trace-reader.ts";

/** `SPANLOOM_LONG_TESTS=1` compares thousands of queries instead of hundreds. */
const LONGER = process.env.SPANLOOM_LONG_TESTS === "1" ? 50 : 1;
const LONG_MS = 600_000;

const signal = new AbortController().signal;

/** All pages of a query, each asked for with the `next` of the one before. */
async function pages(reader: TraceReader, first: TraceQuery): Promise<TraceSummary[]> {
  const all: TraceSummary[] = [];
  let next: TraceQuery | undefined = first;
  while (next !== undefined) {
    const result = await reader.find(next, signal);
    expect(result.complete).toBe(true);
    expect(result.traces.length).toBeLessThanOrEqual(first.limit);
    all.push(...result.traces);
    if (result.next !== undefined) expect(result.traces.length).toBe(first.limit);
    next = result.next && { ...first, after: result.next };
  }
  return all;
}

const layouts = fc.record({
  /** A segment ends after every so many batches. */
  rollEvery: fc.integer({ min: 1, max: 6 }),
  /** Without room for blooms and tables the slow ways are taken. */
  bloomBytes: fc.constantFrom(0, 100_000_000),
  cacheBytes: fc.constantFrom(0, 20_000, 100_000_000),
  /** Nearly every trace is a long one, or none is. */
  longTraceBlocks: fc.constantFrom(1, 2, 1_000),
  olderBlooms: fc.boolean(),
});

type Layout = typeof layouts extends fc.Arbitrary<infer Value> ? Value : never;

const cacheOf = ({ bloomBytes, cacheBytes, longTraceBlocks }: Layout) => ({
  bloomBytes,
  indexBytes: cacheBytes,
  bodyBytes: cacheBytes,
  longTraceBlocks,
});

describe("find", () => {
  it(
    "gives exactly what the definition says, page by page, for any data and query",
    async () => {
      await fc.assert(
        fc.asyncProperty(
          batches,
          fc.array(query, { minLength: 5, maxLength: 12 }),
          layouts,
          async (data, queries, layout) => {
            const source = new MemorySource(layout);
            const reader = createTraceReader(source, {
              ...DEFAULT_TRACE_READER,
              cache: cacheOf(layout),
            });
            const half = Math.ceil(data.length / 2);
            for (const [i, batch] of data.entries()) {
              source.append(batch);
              if ((i + 1) % layout.rollEvery === 0) source.roll();
              // A reader that has looked before must see what comes after.
              if (i === half) await reader.find({ filter: { op: "all" }, limit: 1 }, signal);
            }
            const spans = flatten(data);
            for (const asked of queries) {
              const { after: _, ...whole } = asked;
              const total = naiveFind(spans, { ...whole, limit: 1000 }).length;
              const counted = await reader.find({ ...asked, count: true }, signal);
              expect(counted.total).toEqual({ traces: total, exact: true });
              expect(await pages(reader, asked)).toEqual(naiveFind(spans, asked));
            }
          },
        ),
        { numRuns: 60 * LONGER },
      );
    },
    LONG_MS,
  );
});

describe("trace", () => {
  it(
    "gives every span of a trace in log order, byte-equal repetitions once",
    async () => {
      await fc.assert(
        fc.asyncProperty(batches, layouts, async (data, layout) => {
          const source = new MemorySource(layout);
          for (const [i, batch] of data.entries()) {
            source.append(batch);
            if ((i + 1) % layout.rollEvery === 0) source.roll();
          }
          const reader = createTraceReader(source, {
            ...DEFAULT_TRACE_READER,
            cache: cacheOf(layout),
          });
          const idsOf = (fragments: readonly LogFragment[]) =>
            fragments.flatMap(({ block, rows }) => rows.map((row) => bytesToHex(block.columns.spanIds, row * 8, 8)));
          const expected = [...group(flatten(data))].map(
            ([traceId, spans]) => [traceId, spans.map(({ span }) => span.spanId)] as const,
          );
          for (const [traceId, ids] of expected) {
            expect(idsOf(await reader.trace(hexToBytes(traceId) as Uint8Array, signal))).toEqual(ids);
          }
          const asked = [...expected, ["ab".repeat(16), []] as const, ...expected];
          const together: string[][] = [];
          const traceIds = asked.map(([traceId]) => hexToBytes(traceId) as Uint8Array);
          for await (const fragments of reader.traces(traceIds, signal)) together.push(idsOf(fragments));
          expect(together).toEqual(asked.map(([, ids]) => ids));
          expect(await reader.trace(hexToBytes("ab".repeat(16)) as Uint8Array, signal)).toEqual([]);
        }),
        { numRuns: 40 * LONGER },
      );
    },
    LONG_MS,
  );
});
