import { describe, expect, it } from "vitest";
import { MemorySource } from "../../../test/support/search/memory-source.ts";
import { hexToBytes } from "../../model/ids.ts";
import type { Span, TracesData } from "../../model/span.ts";
import type { SpanFilter, TraceQuery } from "../../model/trace-query.ts";
import { createTraceReader, DEFAULT_TRACE_READER } from "./trace-reader.ts";

const signal = new AbortController().signal;
const START = 1_795_392_000_000_000_000n;
const SECOND = 1_000_000_000n;
const ALL: SpanFilter = { op: "all" };

const hex = (id: number, digits: number) => id.toString(16).padStart(digits, "0");

/** One span of trace `trace`, `at` seconds after START. */
function span(trace: number, id: number, at: number, more: Partial<Span> = {}): Span {
  const start = START + BigInt(at) * SECOND;
  return {
    traceId: hex(trace, 32),
    spanId: hex(id, 16),
    parentSpanId: "",
    traceState: "",
    flags: 0,
    name: "work",
    kind: 1,
    startTimeUnixNano: start,
    endTimeUnixNano: start + SECOND,
    attributes: [],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    status: { code: 0, message: "" },
    ...more,
  };
}

function batch(service: string, spans: readonly Span[]): TracesData {
  return [
    {
      resource: {
        attributes: [{ key: "service.name", value: { type: "string", value: service } }],
        droppedAttributesCount: 0,
        entityRefs: [],
      },
      schemaUrl: "",
      scopeSpans: [
        {
          scope: { name: "", version: "", attributes: [], droppedAttributesCount: 0 },
          schemaUrl: "",
          spans,
        },
      ],
    },
  ];
}

/** Traces 1 to `count`, a block each, a second apart. */
function many(count: number): MemorySource {
  const source = new MemorySource();
  for (let i = 1; i <= count; i++) source.append(batch("cart", [span(i, 1, i)]));
  return source;
}

const named = (name: string): SpanFilter => ({
  op: "compare",
  field: { intrinsic: "name" },
  is: "=",
  value: { type: "text", value: name },
});

describe("how far a search looks", () => {
  it("stops as soon as the newest are certain", async () => {
    const source = many(300);
    const reader = createTraceReader(source, {
      ...DEFAULT_TRACE_READER,
      cache: { ...DEFAULT_TRACE_READER.cache, indexBytes: 0 },
    });
    await reader.services(signal);
    await reader.find({ filter: named("nothing"), limit: 1 }, signal);
    source.reads.rows = 0;
    const { traces } = await reader.find({ filter: ALL, limit: 5 }, signal);
    expect(traces.map((trace) => trace.traceId)).toEqual([300, 299, 298, 297, 296].map((id) => hex(id, 32)));
    expect(source.reads.rows).toBeLessThan(20);
  });

  it("reads no body for what columns decide, and none for a value that no bloom holds", async () => {
    const source = many(50);
    const reader = createTraceReader(source);
    await reader.find({ filter: named("work"), limit: 50 }, signal);
    const absent: SpanFilter = {
      op: "compare",
      field: { scope: "any", key: "user.id" },
      is: "=",
      value: { type: "text", value: "nobody" },
    };
    const { traces } = await reader.find({ filter: absent, limit: 5 }, signal);
    expect(traces).toEqual([]);
    expect(source.reads.bodies).toBe(0);
  });

  it("inflates hardly any of the blocks that the filters in memory let through wrongly", async () => {
    const source = new MemorySource();
    const text = (key: string, value: string) => ({ key, value: { type: "string" as const, value } });
    for (let i = 1; i <= 400; i++) {
      source.append(
        batch("cart", [span(i, 1, i, { attributes: [text("user.id", `user-${i}`), text("cart.id", `${i}`)] })]),
      );
    }
    const reader = createTraceReader(source, {
      ...DEFAULT_TRACE_READER,
      cache: { ...DEFAULT_TRACE_READER.cache, indexBytes: 0 },
    });
    const byUser = (user: string) =>
      reader.find(
        {
          filter: {
            op: "compare",
            field: { scope: "any", key: "user.id" },
            is: "=",
            value: { type: "text", value: user },
          },
          limit: 1,
        },
        signal,
      );
    expect((await byUser("user-7")).traces.map((trace) => trace.traceId)).toEqual([hex(7, 32)]);
    Object.assign(source.reads, { rows: 0, bodies: 0 });
    for (let i = 0; i < 300; i++) expect((await byUser(`nobody-${i}`)).traces).toEqual([]);
    expect(source.reads.rows).toBeGreaterThan(100);
    expect(source.reads.bodies).toBeLessThan(source.reads.rows / 5);
  });

  it("is not led astray by spans far in the future, at time 0, or long before their trace's match", async () => {
    const source = many(20);
    const future = { startTimeUnixNano: 2n ** 64n - 1n, endTimeUnixNano: 2n ** 64n - 1n };
    const zero = { startTimeUnixNano: 0n, endTimeUnixNano: 0n };
    source.append(batch("cart", [span(20, 2, 0, future)]));
    source.append(batch("cart", [span(19, 2, 0, zero)]));
    source.append(batch("cart", [span(99, 1, 1000), span(5, 2, 1001)]));
    source.append(batch("cart", [span(98, 1, 2000, future)]));
    const { traces } = await createTraceReader(source).find({ filter: ALL, limit: 4 }, signal);
    expect(traces.map((trace) => Number.parseInt(trace.traceId, 16))).toEqual([99, 20, 19, 18]);
    const all = await createTraceReader(source).find({ filter: ALL, limit: 100 }, signal);
    // No time of it is to be believed: it is neither the newest nor lasts for centuries.
    expect(all.traces.at(-1)).toMatchObject({ traceId: hex(98, 32), start: 0n, end: 0n });
    expect(all.traces.find((trace) => trace.traceId === hex(19, 32))).toMatchObject({
      start: START + 19n * SECOND,
      end: START + 20n * SECOND,
    });
    expect(all.traces.filter((trace) => trace.traceId === hex(5, 32)).map((trace) => trace.start)).toEqual([
      START + 5n * SECOND,
    ]);
  });

  it("says so when time runs out, and pages no further than is certain", async () => {
    const source = many(30);
    const reader = createTraceReader(source, { ...DEFAULT_TRACE_READER, findBudgetMs: -1 });
    const result = await reader.find({ filter: ALL, limit: 5 }, signal);
    expect(result.complete).toBe(false);
    expect(result.traces).toEqual([]);
    expect(result.next).toBeUndefined();
    // Block bounds are rounded up to float64, 256 ns at these times.
    expect(Number((result.searchedBackTo as bigint) - (START + 30n * SECOND))).toBeGreaterThan(0);
    expect(Number((result.searchedBackTo as bigint) - (START + 30n * SECOND))).toBeLessThan(1000);
  });

  it("orders what it looked at when time runs out, tells how much that was, and pages no further", async () => {
    const reader = createTraceReader(many(3000), { ...DEFAULT_TRACE_READER, findBudgetMs: 1 });
    const result = await reader.find({ filter: ALL, limit: 5, order: "shortest", count: true }, signal);
    expect(result).toMatchObject({ complete: false, total: { exact: false } });
    expect(result.next).toBeUndefined();
    const looked = result.total?.traces as number;
    expect(looked).toBeLessThan(3000);
    expect(result.traces.length).toBe(Math.min(5, looked));
    const durations = result.traces.map(({ start, end }) => end - start);
    expect(durations).toEqual(durations.toSorted((a, b) => Number(a - b)));
  });

  for (const limit of [0, -1, 1.5, Number.NaN, 100_001]) {
    it(`refuses the limit ${limit}`, async () => {
      await expect(createTraceReader(many(1)).find({ filter: ALL, limit }, signal)).rejects.toMatchObject({
        code: "bad_request",
      });
    });
  }
});

describe("cancelling", () => {
  it("throws `cancelled` before and while it works, and lets later calls work", async () => {
    const source = many(400);
    const reader = createTraceReader(source);
    const aborted = AbortSignal.abort();
    const query: TraceQuery = { filter: named("absent"), limit: 1 };
    const calls = [
      reader.find(query, aborted),
      reader.trace(hexToBytes(hex(1, 32)) as Uint8Array, aborted),
      reader.services(aborted),
      reader.operations(undefined, aborted),
      reader.dependencies({ startMs: 0, endMs: 1, durations: true }, aborted),
      reader.stats(aborted),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: "cancelled" });
    const controller = new AbortController();
    const slow = Array.from({ length: 20 }, () => reader.find({ filter: ALL, limit: 400 }, controller.signal));
    setImmediate(() => controller.abort());
    const outcomes = await Promise.allSettled(slow);
    expect(outcomes.some((outcome) => outcome.status === "rejected" && outcome.reason.code === "cancelled")).toBe(true);
    expect((await reader.find({ filter: ALL, limit: 400 }, signal)).traces.length).toBe(400);
  });
});

describe("what comes and goes", () => {
  it("sees what was committed since the last call, and forgets segments that are gone", async () => {
    const source = many(3);
    const reader = createTraceReader(source);
    const ids = async () =>
      (await reader.find({ filter: ALL, limit: 10 }, signal)).traces.map((trace) => Number.parseInt(trace.traceId, 16));
    expect(await ids()).toEqual([3, 2, 1]);
    source.roll();
    source.append(batch("shop", [span(4, 1, 4), span(1, 2, 5)]));
    expect(await ids()).toEqual([4, 3, 2, 1]);
    expect(await reader.services(signal)).toEqual(["cart", "shop"]);
    expect((await reader.trace(hexToBytes(hex(1, 32)) as Uint8Array, signal)).length).toBe(2);
    source.removeOldest();
    expect(await ids()).toEqual([1, 4]);
    expect(await reader.services(signal)).toEqual(["shop"]);
    expect(await reader.operations("cart", signal)).toEqual([]);
    expect((await reader.trace(hexToBytes(hex(1, 32)) as Uint8Array, signal)).length).toBe(1);
    expect(await reader.trace(hexToBytes(hex(2, 32)) as Uint8Array, signal)).toEqual([]);
  });

  it("lists a new operation at once, and reads lists again only when there is one", async () => {
    const source = many(3);
    source.roll();
    source.append(batch("shop", [span(4, 1, 4)]));
    const reader = createTraceReader(source);
    const names = async () => (await reader.operations("shop", signal)).map(({ name }) => name);
    const [name] = await names();
    const { operations: lists } = source.reads;
    for (let i = 0; i < 5; i++) {
      expect(await names()).toEqual([name]);
      expect(await reader.services(signal)).toEqual(["cart", "shop"]);
      source.append(batch("shop", [span(4, 2 + i, 4)]));
    }
    expect(source.reads.operations).toBe(lists);
    source.append(batch("shop", [span(4, 9, 4, { name: "another" })]));
    expect(await names()).toEqual(["another", name].sort());
    source.append(batch("new", [span(4, 10, 4)]));
    expect(await reader.services(signal)).toEqual(["cart", "new", "shop"]);
  });

  it("keeps spans of one id that differ, and takes byte-equal ones once across blocks", async () => {
    const source = new MemorySource();
    source.append(batch("cart", [span(1, 1, 1), span(1, 1, 1)]));
    source.append(batch("cart", [span(1, 1, 1), span(1, 1, 1, { kind: 2 }), span(1, 1, 1, { name: "test" })]));
    const reader = createTraceReader(source);
    const fragments = await reader.trace(hexToBytes(hex(1, 32)) as Uint8Array, signal);
    expect(fragments.map((fragment) => fragment.rows)).toEqual([[0], [1, 2]]);
    const { traces } = await reader.find({ filter: ALL, limit: 1 }, signal);
    expect(traces[0]).toMatchObject({ spanCount: 3, matchedCount: 3 });
  });
});
