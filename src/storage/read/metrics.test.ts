import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { intAttribute, serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { batches, filter } from "../../../test/support/search/arbitrary-traces.ts";
import { MemorySource } from "../../../test/support/search/memory-source.ts";
import { flatten, type NaiveSpan, satisfies } from "../../../test/support/search/naive-search.ts";
import { findAttribute } from "../../model/any-value.ts";
import type { MetricsQuery, MetricsResult } from "../../model/metrics-query.ts";
import type { MetricsFunction, TraceqlField } from "../../model/traceql.ts";
import { BlockCache, DEFAULT_BLOCK_CACHE } from "../cache/block-cache.ts";
import { Pacer } from "../cache/pacer.ts";
import { readMetrics } from "../metrics/read-metrics.ts";
import { createTraceReader } from "./trace-reader.ts";

const LONGER = process.env.SPANLOOM_LONG_TESTS === "1" ? 50 : 1;
const { signal } = new AbortController();
const START = 1_795_392_039_440_000_000n;
const DURATION: TraceqlField = { intrinsic: "span:duration" };
const SERVICE: TraceqlField = { scope: "resource", key: "service.name" };

/**
 * Asked twice: the second time blocks are known by their digests. And once of a reader that has taken the blocks in
 * before it is asked for numbers, so that their digests are made by themselves.
 */
async function metrics(source: MemorySource, query: MetricsQuery): Promise<MetricsResult> {
  const reader = createTraceReader(source);
  const result = await reader.metrics?.(query, signal);
  if (result === undefined) throw new Error("this reader knows metrics");
  expect(await reader.metrics?.(query, signal)).toEqual(result);
  const other = createTraceReader(source);
  await other.find({ filter: { op: "all" }, limit: 1 }, signal);
  expect(await other.metrics?.(query, signal)).toEqual(result);
  return result;
}

interface Group {
  readonly by: readonly unknown[];
  readonly steps: number[][];
}

/** By the definition: numbers of each step, for each group. */
function naive(
  spans: readonly NaiveSpan[],
  query: MetricsQuery,
  points: number,
  numberOf: (span: NaiveSpan) => number,
) {
  const groups = new Map<string, Group>();
  for (const one of spans) {
    const { span, resource } = one;
    const start = span.startTimeUnixNano;
    if (start < query.start || start >= query.end || !satisfies(one, query.filter)) continue;
    const value = numberOf(one);
    if (Number.isNaN(value)) continue;
    const service = findAttribute(resource.attributes, "service.name");
    const by = query.stage.by.map((field) => (field === SERVICE ? service : { type: "kind", value: span.kind }));
    const key = JSON.stringify(by);
    const group = groups.get(key) ?? { by, steps: Array.from({ length: points }, () => []) };
    groups.set(key, group);
    group.steps[Number((start - query.start) / query.step)]?.push(value);
  }
  return [...groups.values()];
}

const FOLDS: Record<string, (values: number[], seconds: number) => number> = {
  rate: (values, seconds) => values.length / seconds,
  count_over_time: (values) => values.length,
  min_over_time: (values) => (values.length === 0 ? Number.NaN : Math.min(...values)),
  max_over_time: (values) => (values.length === 0 ? Number.NaN : Math.max(...values)),
  sum_over_time: (values) => (values.length === 0 ? Number.NaN : values.reduce((a, b) => a + b)),
  avg_over_time: (values) => values.reduce((a, b) => a + b, 0) / values.length,
};

const rounded = (values: Iterable<number>) => [...values].map((value) => Number(value.toPrecision(9)));
const byText = (a: { by: unknown }, b: { by: unknown }) => (JSON.stringify(a.by) < JSON.stringify(b.by) ? -1 : 1);

describe("metrics", () => {
  it("are what the definition says, for any data, filter, group and step", async () => {
    await fc.assert(
      fc.asyncProperty(
        batches,
        filter,
        fc.constantFrom(...Object.keys(FOLDS)),
        fc.constantFrom<readonly TraceqlField[]>(
          [],
          [SERVICE],
          [{ intrinsic: "span:kind" }],
          [SERVICE, { intrinsic: "span:kind" }],
        ),
        fc.record({
          from: fc.integer({ min: -500, max: 6000 }),
          length: fc.integer({ min: 1, max: 7000 }),
          step: fc.integer({ min: 1, max: 3000 }),
        }),
        fc.integer({ min: 1, max: 6 }),
        async (data, filter, name, by, range, rollEvery) => {
          const source = new MemorySource();
          for (const [i, batch] of data.entries()) {
            source.append(batch);
            if ((i + 1) % rollEvery === 0) source.roll();
          }
          const start = START + BigInt(range.from);
          const fn = (
            name === "rate" || name === "count_over_time" ? { name } : { name, field: DURATION }
          ) as MetricsFunction;
          const step = BigInt(range.length > 5000 * range.step ? range.length : range.step);
          const query: MetricsQuery = {
            filter,
            stage: { function: fn, by },
            start,
            end: start + BigInt(range.length),
            step,
          };
          const result = await metrics(source, query);
          const numberOf = ({ span }: NaiveSpan) =>
            name === "rate" || name === "count_over_time"
              ? 0
              : Number(span.endTimeUnixNano - span.startTimeUnixNano) / 1e9;
          expect(result.points).toBe(Math.ceil(range.length / Number(step)));
          expect(result.complete).toBe(true);
          const expected = naive(flatten(data), query, result.points, numberOf).map(({ by, steps }) => ({
            by,
            values: rounded(steps.map((values) => FOLDS[name]?.(values, Number(step) / 1e9) ?? Number.NaN)),
          }));
          // Without groups there is one series, of nothing too.
          if (by.length === 0 && expected.length === 0) {
            expect(result.series).toHaveLength(1);
            return;
          }
          const given = result.series.map(({ by, values }) => ({ by: [...by], values: rounded(values) }));
          expect(given.sort(byText)).toEqual(expected.sort(byText));
        },
      ),
      { numRuns: 200 * LONGER },
    );
  }, 600_000);

  const calls = () => {
    const source = new MemorySource();
    const span = (service: string, id: number, parent: number, second: number, ms: number, size: bigint) => {
      const startTimeUnixNano = START + BigInt(second) * 1_000_000_000n;
      return serviceWith(service, [
        spanWith({
          spanId: `${id}`.padStart(16, "0"),
          parentSpanId: parent === 0 ? "" : `${parent}`.padStart(16, "0"),
          startTimeUnixNano,
          endTimeUnixNano: startTimeUnixNano + BigInt(ms) * 1_000_000n,
          attributes: [intAttribute("size", size)],
        }),
      ]);
    };
    source.append([span("shop", 1, 0, 0, 100, 3n), span("cart", 2, 1, 0, 10, 4n), span("cart", 3, 1, 1, 30, 5n)]);
    source.append([span("db", 4, 2, 1, 20, 9n), span("cart", 5, 1, 3, 40, 0n)]);
    return source;
  };
  const range = { filter: { op: "all" } as const, start: START, end: START + 4_000_000_000n, step: 2_000_000_000n };

  it("count the spans that a pipeline leaves", async () => {
    const name = (value: string) =>
      ({
        op: "spans",
        where: {
          expr: "compare",
          is: "=",
          left: { expr: "field", field: SERVICE },
          right: { expr: "literal", value: { type: "string", value } },
        },
      }) as const;
    const spansets = {
      first: { op: "structural", form: "plain", relation: "child", left: name("cart"), right: name("db") } as const,
      stages: [],
    };
    const { series } = await metrics(calls(), {
      ...range,
      spansets,
      stage: { function: { name: "count_over_time" }, by: [SERVICE] },
    });
    expect(series).toEqual([{ by: [{ type: "string", value: "db" }], values: Float64Array.of(1, 0) }]);
  });

  it("group by what is another span's", async () => {
    const by: TraceqlField[] = [{ ...SERVICE, parent: true }];
    const { series } = await metrics(calls(), { ...range, stage: { function: { name: "count_over_time" }, by } });
    expect(series.map(({ by, values }) => [by[0], ...values])).toEqual([
      [{ type: "string", value: "cart" }, 1, 0],
      [{ type: "string", value: "shop" }, 2, 1],
      [undefined, 1, 0],
    ]);
  });

  it("of an attribute are of the spans that have it, as quantiles within 2.2 % and in powers of two", async () => {
    const field: TraceqlField = { scope: "span", key: "size" };
    const quantiles = await metrics(calls(), {
      ...range,
      stage: { function: { name: "quantile_over_time", field, quantiles: [0.5, 1] }, by: [] },
    });
    expect(quantiles.series.map(({ quantile }) => quantile)).toEqual([0.5, 1]);
    expect(Math.abs((quantiles.series[1]?.values[0] ?? 0) / 9 - 1)).toBeLessThan(0.022);
    const buckets = await metrics(calls(), {
      ...range,
      stage: { function: { name: "histogram_over_time", field }, by: [] },
    });
    expect(buckets.series.map(({ bucket, values }) => [bucket, ...values])).toEqual([
      [0, 0, 1],
      [4, 2, 0],
      [8, 1, 0],
      [16, 1, 0],
    ]);
  });

  it("let others in between blocks, be they known by their digests or not", async () => {
    const source = new MemorySource();
    // 16 digests are made in one step, and 32 blocks counted.
    for (let block = 0; block < 40; block++) {
      const spanId = `${block + 1}`.padStart(16, "0");
      source.append([serviceWith("shop", [spanWith({ spanId, startTimeUnixNano: START })])]);
    }
    const cache = new BlockCache(source, DEFAULT_BLOCK_CACHE);
    await cache.refresh(new Pacer(signal));
    let pauses = 0;
    const pacer = new Pacer(signal);
    pacer.due = () => true;
    pacer.pause = async () => {
      pauses++;
    };
    const query = { ...range, stage: { function: { name: "rate" }, by: [SERVICE] } } as const;
    for (const known of [false, true]) {
      pauses = 0;
      const { series } = await readMetrics(cache, query, pacer, 0);
      expect(series).toHaveLength(1);
      expect({ known, pauses }).toEqual({ known, pauses: known ? 2 : 5 });
    }
  });

  it("keep the first of every step", async () => {
    const stage = { function: { name: "count_over_time" }, by: [SERVICE] } as const;
    const top = await metrics(calls(), { ...range, stage: { ...stage, limit: { order: "topk", count: 1 } } });
    expect(top.series.map(({ by, values }) => [by[0], ...values])).toEqual([[{ type: "string", value: "cart" }, 2, 1]]);
    const bottom = await metrics(calls(), { ...range, stage: { ...stage, limit: { order: "bottomk", count: 1 } } });
    expect(bottom.series.map(({ by, values }) => [by[0], ...values])).toEqual([
      [{ type: "string", value: "db" }, 1, 0],
    ]);
  });

  it("say when there are more series than are shown", async () => {
    const source = new MemorySource();
    const spans = Array.from({ length: 1100 }, (_, i) =>
      spanWith({
        spanId: `${i + 1}`.padStart(16, "0"),
        startTimeUnixNano: START,
        attributes: [intAttribute("size", BigInt(i))],
      }),
    );
    source.append([serviceWith("shop", spans)]);
    const by: TraceqlField[] = [{ scope: "span", key: "size" }];
    const result = await metrics(source, { ...range, stage: { function: { name: "rate" }, by } });
    expect(result.series).toHaveLength(1000);
    expect(result).toMatchObject({
      complete: false,
      reason: "there are more than 1000 series: 100 spans of others are left out",
    });
  });

  it.each([
    ["without a length", { end: START }, "expected an end after the start"],
    ["without a step", { step: 0n }, "expected more than 0"],
    ["of too many steps", { step: 1n }, "expected at most 11000"],
    ["that is too long", { end: START + 2n ** 54n, step: 2n ** 50n }, "expected at most 104 days"],
  ])("refuse a range %s", async (_, change, message) => {
    const stage = { function: { name: "rate" }, by: [] } as const;
    await expect(metrics(calls(), { ...range, ...change, stage })).rejects.toThrow(message);
  });
});
