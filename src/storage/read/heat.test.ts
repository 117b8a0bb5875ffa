import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batches, query } from "../../../test/support/search/arbitrary-traces.ts";
import { MemorySource } from "../../../test/support/search/memory-source.ts";
import { flatten, naiveFind } from "../../../test/support/search/naive-search.ts";
import { SEED } from "../../../test/support/seed.ts";
import type { HeatMap, HeatQuery } from "../../model/metrics-query.ts";
import { EARLIEST_TIME } from "../../model/span-times.ts";
import { HeatCells } from "../search/heat-cells.ts";
import { createTraceReader } from "./trace-reader.ts";

const signal = new AbortController().signal;
const NOW = 1_700_000_000_000_000_000n;
const SECOND = 1_000_000_000n;

async function heatOf(source: MemorySource, asked: HeatQuery): Promise<HeatMap> {
  return (await createTraceReader(source).heat?.(asked, signal)) as HeatMap;
}

function cellsOf(traces: readonly (readonly [start: bigint, ns: bigint, failed: boolean])[], asked: HeatQuery) {
  const cells = new HeatCells();
  for (const [start, ns, failed] of traces) cells.add(start, start + ns, failed);
  return cells.map(asked);
}

describe("heat map", () => {
  it("has every trace that matches, once, with those that failed, for any data and query", async () => {
    await fc.assert(
      fc.asyncProperty(batches, query, async (data, asked) => {
        const source = new MemorySource();
        for (const batch of data) source.append(batch);
        const whole = { query: asked, now: NOW, columns: 7, rows: 5, budgetMs: 60_000 };
        const found = naiveFind(flatten(data), asked).filter(
          ({ start, durationUnknown }) => durationUnknown !== true && start >= EARLIEST_TIME,
        );
        const heat = await heatOf(source, whole);
        expect(heat.complete).toBe(true);
        const traces = found.map(({ start, end, errorCount }) => [start, end - start, errorCount > 0] as const);
        expect(heat).toEqual({ ...cellsOf(traces, whole), complete: true });
        expect(heat.traces).toBe(found.length);
      }),
      { numRuns: 60 },
    );
  });

  it("says what it lacks when time is up", async () => {
    const source = new MemorySource();
    const empty = { query: { filter: { op: "all" }, limit: 1 }, now: NOW, columns: 1, rows: 1 } as const;
    source.append([]);
    expect(await heatOf(source, { ...empty, budgetMs: 60_000 })).toMatchObject({
      complete: true,
      traces: 0,
      cells: [],
    });
    for (const [batch] of fc.sample(fc.tuple(batches), { numRuns: 20, seed: SEED })) {
      for (const traces of batch) source.append(traces);
    }
    const heat = await heatOf(source, { ...empty, budgetMs: -1 });
    expect(heat).toMatchObject({ complete: false, reason: "the search ran out of time" });
    expect(heat.searchedBackTo).toBeGreaterThan(0n);
  });
});

describe("cells", () => {
  const hour: HeatQuery = {
    query: { filter: { op: "all" }, limit: 1, startMin: NOW - 3_600n * SECOND },
    now: NOW,
    columns: 60,
    rows: 6,
    budgetMs: 1,
  };

  it("are equal steps of time and of the logarithm of durations, between powers of ten", () => {
    const map = cellsOf(
      [
        [NOW - 3_600n * SECOND, 2_000_000n, false],
        [NOW - 61n * SECOND, 20_000_000n, true],
        [NOW - 1n, 1_500_000_000n, false],
      ],
      hour,
    );
    expect(map).toMatchObject({ start: NOW - 3_600n * SECOND, end: NOW, least: 1_000_000, most: 10_000_000_000 });
    expect(map.cells).toEqual([
      { column: 0, row: 0, traces: 1, failed: 0 },
      { column: 58, row: 1, traces: 1, failed: 1 },
      { column: 59, row: 4, traces: 1, failed: 0 },
    ]);
  });

  it("hold what lies outside at their edges, and let no short trace or early clock take their room", () => {
    const all = { ...hour, query: { filter: { op: "all" }, limit: 1 } } as const;
    const map = cellsOf(
      [
        [5n * SECOND, 0n, false],
        [NOW - 90n * SECOND, 12_000n, false],
        [NOW - 31n * SECOND, 12_000n, false],
        [NOW + 60n * SECOND, 12_000n, false],
      ],
      all,
    );
    expect([NOW - map.start, NOW - map.end].map((ns) => Number(ns) / 1e9)).toEqual([90.5, 30.5]);
    expect([map.least, map.most]).toEqual([1_000, 100_000]);
    expect(map.cells.map(({ column, row }) => [column, row])).toEqual([
      [0, 0],
      [0, 3],
      [59, 3],
    ]);
  });

  it("has axes without traces", () => {
    expect(cellsOf([], hour)).toMatchObject({ cells: [], traces: 0, least: 1_000, most: 10_000 });
  });
});
