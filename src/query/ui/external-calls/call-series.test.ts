import { expect, it } from "vitest";
import { type OtlpSpan, toModel } from "../../../../test/support/query/fixture-traces.ts";
import { MemorySource } from "../../../../test/support/search/memory-source.ts";
import type { TraceReader } from "../../../component/read.ts";
import { SPAN_KIND, STATUS_CODE } from "../../../model/span.ts";
import { HOUR_MS } from "../../../model/time.ts";
import type { CallSeriesQuery } from "../../../model/trace-query.ts";
import { createTraceReader } from "../../../storage/read/trace-reader.ts";
import { type CallSeriesParams, callSeries, parseCallSeriesParams } from "./call-series.ts";
import type { UiCallSeries } from "./external-types.ts";

const START_MS = 1_795_392_000_000;
const MINUTE_MS = 60_000;
const { signal } = new AbortController();
const Q = '{ resource.service.name = "shop" } > { resource.service.name = "stock" }';

const hex = (value: number) => value.toString(16).padStart(16, "0");

function span(id: number, parent: number, minute: number, ms: number, failed = false): OtlpSpan {
  const start = BigInt(START_MS + minute * MINUTE_MS) * 1_000_000n;
  return {
    traceId: String(minute + 1).padStart(32, "0"),
    spanId: hex(id),
    ...(parent > 0 && { parentSpanId: hex(parent) }),
    name: "call",
    kind: SPAN_KIND.server,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(ms) * 1_000_000n),
    attributes: [],
    status: { code: failed ? STATUS_CODE.error : STATUS_CODE.unset },
  };
}

function reader(): TraceReader {
  const source = new MemorySource();
  const resourceSpans = Object.entries({
    shop: [span(1, 0, 0, 9), span(2, 0, 2, 9), span(5, 0, 30, 9)],
    stock: [span(10, 1, 0, 10), span(11, 1, 0, 20, true), span(12, 2, 2, 40), span(13, 0, 30, 1)],
  }).map(([name, list]) => ({
    resource: { attributes: [{ key: "service.name", value: { stringValue: name } }] },
    scopeSpans: [{ scope: { name: "test" }, spans: list }],
  }));
  source.append(toModel({ resourceSpans }));
  return createTraceReader(source);
}

async function ask(from: TraceReader, params: Partial<CallSeriesParams>): Promise<UiCallSeries> {
  const range = { startMs: START_MS, endMs: START_MS + 48 * MINUTE_MS - 1 };
  const { body } = await callSeries(from, { ...range, q: Q, ...params }, signal);
  return JSON.parse(new TextDecoder().decode(body as Uint8Array)) as UiCallSeries;
}

it("counts a short range from spans: those of the called service below the caller's, failures and durations", async () => {
  const { startMs, stepMs, calls, errors, p99Nano, complete } = await ask(reader(), {
    link: { parent: "shop", child: "stock" },
  });
  expect([startMs, stepMs, calls.length, complete]).toEqual([START_MS, MINUTE_MS, 48, true]);
  expect(calls.slice(0, 4)).toEqual([2, 0, 1, 0]);
  expect(calls.reduce((sum, count) => sum + count)).toBe(3);
  expect(errors.slice(0, 4)).toEqual([1, 0, 0, 0]);
  expect(p99Nano.map((value) => (value === null ? null : Math.round(value / 1e7))).slice(0, 4)).toEqual([
    2,
    null,
    4,
    null,
  ]);
});

it("takes a long one from what is kept by hour, where both ends are services", async () => {
  const asked: CallSeriesQuery[] = [];
  const kept: TraceReader = {
    ...reader(),
    callSeries: (query) => {
      asked.push(query);
      return Promise.resolve({
        startMs: START_MS,
        stepMs: HOUR_MS,
        points: [
          { callCount: 7, errorCount: 2, p99Nano: 5 },
          { callCount: 0, errorCount: 0 },
        ],
      });
    },
  };
  const long = { endMs: START_MS + 12 * HOUR_MS };
  // The end is in the range: the last step has one millisecond.
  const link = { parent: "shop", child: "stock" };
  expect(await ask(kept, { ...long, link })).toEqual({
    startMs: START_MS,
    stepMs: HOUR_MS,
    calls: [7, 0],
    errors: [2, 0],
    p99Nano: [5, null],
    complete: true,
  });
  expect(asked).toHaveLength(1);
  expect((await ask(kept, long)).calls).toHaveLength(49);
  expect(asked).toHaveLength(1);
});

it("says that a store cannot count, and what is missing of an answer", async () => {
  const { metrics: _, callSeries: __, ...unable } = reader();
  await expect(ask(unable, {})).rejects.toThrow("this store counts no calls over time");
  const busy: TraceReader = {
    ...reader(),
    metrics: async (query) => ({
      start: query.start,
      step: query.step,
      points: 1,
      series: [],
      complete: false,
      reason: "time is up",
    }),
  };
  expect(await ask(busy, {})).toMatchObject({ calls: [0], complete: false, reason: "time is up" });
});

it("refuses what is no search, and half a link", () => {
  const range = { startMs: 0, endMs: 1 };
  const refused = (text: string) => () => parseCallSeriesParams(new URLSearchParams(text), range);
  expect(refused("")).toThrow("'q'");
  expect(refused("q={ nope")).toThrow("'q'");
  expect(refused("q={}|rate()")).toThrow("expected a search");
  expect(refused("q={} with (most_recent=true)")).toThrow("'q'");
  expect(refused("q={}&parent=a")).toThrow("'child'");
});
