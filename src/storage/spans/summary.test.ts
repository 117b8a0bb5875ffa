import { describe, expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { MemorySource } from "../../../test/support/search/memory-source.ts";
import { SPAN_KIND, type Span } from "../../model/span.ts";
import type { SpanFilter, TraceQuery } from "../../model/trace-query.ts";
import { createTraceReader } from "../read/trace-reader.ts";

const { signal } = new AbortController();
const NOW = 1_795_392_039_440_000_000n;
const SECOND = 1_000_000_000n;
const id = (number: number) => number.toString(16).padStart(16, "0");

function span(number: number, changes: Partial<Span> = {}): Span {
  return spanWith({
    spanId: id(number),
    name: `span ${number}`,
    parentSpanId: id(100),
    startTimeUnixNano: NOW,
    endTimeUnixNano: NOW + SECOND,
    ...changes,
  });
}

async function summaryOf(...spans: readonly Span[]) {
  const source = new MemorySource();
  source.append([serviceWith("shop", spans)]);
  const { traces } = await createTraceReader(source).find({ filter: { op: "all" }, limit: 10 }, signal);
  return traces[0];
}

/** In every order in which they may be stored: as they came, and as sealing groups them. */
async function inAnyOrder(spans: readonly Span[]) {
  const found = [await summaryOf(...spans), await summaryOf(...spans.toReversed())];
  expect(found[1]).toEqual(found[0]);
  return found[0];
}

describe("the root of a trace", () => {
  it("that never arrived is the earliest span without a stored parent, in whatever order spans are stored", async () => {
    const summary = await inAnyOrder([
      span(3, { parentSpanId: id(2) }),
      span(2),
      span(1, { parentSpanId: id(2) }),
      span(4),
    ]);
    expect(summary).toMatchObject({ rootName: "span 2", hasRoot: false, orphanCount: 2 });
  });

  it("is the earliest of several, and not one whose time is not to be believed", async () => {
    const root = { parentSpanId: "" };
    const summary = await inAnyOrder([
      span(1, { ...root, startTimeUnixNano: 0n }),
      span(2, { ...root, startTimeUnixNano: 5n * SECOND }),
      span(3, { ...root, startTimeUnixNano: NOW + 1n }),
      span(4, root),
      span(5, root),
    ]);
    expect(summary).toMatchObject({ rootName: "span 4", hasRoot: true });
  });

  it("is the earliest span where spans are each other's parents", async () => {
    const summary = await inAnyOrder([
      span(1, { parentSpanId: id(2) }),
      span(2, { parentSpanId: id(1) }),
      span(3, { parentSpanId: id(3) }),
    ]);
    expect(summary).toMatchObject({ rootName: "span 1", hasRoot: false });
  });
});

describe("a client and a server of one span id", () => {
  it.each([
    ["at once with", 0n],
    ["before", 50_000n],
  ])("have the client as their root, also where the server begins %s it", async (_, early) => {
    const client = span(1, { name: "ask", parentSpanId: "", kind: SPAN_KIND.client });
    const server = span(1, {
      name: "answer",
      parentSpanId: "",
      kind: SPAN_KIND.server,
      startTimeUnixNano: NOW - early,
    });
    expect(await inAnyOrder([client, server])).toMatchObject({ rootName: "ask", hasRoot: true, orphanCount: 0 });
    const orphans = [client, server].map((one) => ({ ...one, parentSpanId: id(7) }));
    expect(await inAnyOrder(orphans)).toMatchObject({ rootName: "ask", hasRoot: false, orphanCount: 1 });
    // A server alone stays what it is.
    expect(await summaryOf(server)).toMatchObject({ rootName: "answer", hasRoot: true });
  });
});

describe("a duration that is not known", () => {
  const LAST = 2n ** 64n - 1n;
  const odd: readonly (readonly [string, Partial<Span>])[] = [
    ["ends at the end of all times", { endTimeUnixNano: LAST }],
    ["never ends", { endTimeUnixNano: 0n }],
    ["starts at the end of all times", { startTimeUnixNano: LAST }],
    ["starts in 1970", { startTimeUnixNano: 7n * SECOND }],
  ];
  it.each(odd)("is that of a span that %s: said to be unknown, and in no range of durations", async (_, changes) => {
    expect(await summaryOf(span(1, changes))).toMatchObject({ durationUnknown: true });
    const source = new MemorySource();
    source.append([serviceWith("shop", [span(1, changes)])]);
    const reader = createTraceReader(source);
    const found = async (more: Partial<TraceQuery>) =>
      (await reader.find({ filter: { op: "all" }, limit: 10, ...more }, signal)).traces.length;
    expect(await found({})).toBe(1);
    expect(await found({ traceDurationMin: 1n })).toBe(0);
    expect(await found({ traceDurationMax: LAST })).toBe(0);
    const value = { type: "int", value: 0n } as const;
    for (const is of [">=", "<=", "!="] as const) {
      expect(await found({ filter: { op: "compare", field: { intrinsic: "duration" }, is, value } })).toBe(0);
    }
  });

  it("is none of a trace of which any span has one", async () => {
    expect(await summaryOf(span(1), span(2, { endTimeUnixNano: LAST }))).not.toHaveProperty("durationUnknown");
  });

  it("does not bring a start at the end of all times into the last hour", async () => {
    const source = new MemorySource();
    source.append([serviceWith("shop", [span(1, { startTimeUnixNano: LAST })])], Number(NOW / 1_000_000n));
    const query = { filter: { op: "all" }, limit: 10, startMin: NOW - 3_600n * SECOND, outside: true } as const;
    const found = await createTraceReader(source).find(query, signal);
    expect(found).toMatchObject({ traces: [], outside: { before: 0, after: 1 } });
  });
});

describe("matches outside of the time range", () => {
  const RECEIVED_MS = Number(NOW / 1_000_000n);
  const window = { startMin: NOW - 900n * SECOND, startMax: NOW + 60n * SECOND, limit: 10, outside: true } as const;
  async function outside(filter: SpanFilter, ...spans: readonly Span[]) {
    const source = new MemorySource();
    source.append([serviceWith("shop", spans)], RECEIVED_MS);
    // Received long before: whatever its clock, it is no news.
    source.append([serviceWith("shop", [span(9, { startTimeUnixNano: 0n })])], RECEIVED_MS - 3_600_000);
    return (await createTraceReader(source).find({ filter, ...window }, signal)).outside;
  }
  const clocks = [
    span(1),
    span(2, { startTimeUnixNano: NOW + 1200n * SECOND }),
    span(3, { startTimeUnixNano: 7n * SECOND }),
    span(4, { startTimeUnixNano: 0n }),
    span(5, { startTimeUnixNano: 2n ** 64n - 1n }),
    // A span that took long, and not a wrong clock.
    span(6, { startTimeUnixNano: NOW - 890n * SECOND }),
  ];

  it("are counted where they were received in it", async () => {
    expect(await outside({ op: "all" }, ...clocks)).toEqual({ before: 2, after: 2, exact: true });
    expect(await outside({ op: "all" }, span(1))).toEqual({ before: 0, after: 0, exact: true });
  });

  it("have to satisfy the filter", async () => {
    const value = { type: "string", value: "span 3" } as const;
    const filter = { op: "compare", field: { intrinsic: "name" }, is: "=", value } as const;
    expect(await outside(filter, ...clocks)).toEqual({ before: 1, after: 0, exact: true });
  });

  it("are not told where whole traces are asked for: a span alone does not say whether it matches", async () => {
    const source = new MemorySource();
    source.append([serviceWith("shop", clocks)], RECEIVED_MS);
    const find = (more: Partial<TraceQuery>) =>
      createTraceReader(source).find({ filter: { op: "all" }, ...window, ...more }, signal);
    expect(await find({})).toHaveProperty("outside");
    expect(await find({ traceDurationMin: 1_000_000_000_000n })).not.toHaveProperty("outside");
  });
});

describe("the times of a trace", () => {
  const good = span(1);
  it.each([
    ["without an end", { endTimeUnixNano: 0n }],
    ["without times", { startTimeUnixNano: 0n, endTimeUnixNano: 0n }],
    ["in 1970", { startTimeUnixNano: 7n * SECOND, endTimeUnixNano: 8n * SECOND }],
    ["at the end of all times", { startTimeUnixNano: 2n ** 64n - 1n, endTimeUnixNano: 2n ** 64n - 1n }],
    ["that ends at the end of all times", { endTimeUnixNano: 2n ** 64n - 1n }],
  ])("are not moved by a span %s", async (_, changes) => {
    expect(await inAnyOrder([good, span(2, changes)])).toMatchObject({ start: NOW, end: NOW + SECOND });
  });

  it("are those of a clock that was never set where there are no others", async () => {
    const early = { startTimeUnixNano: 7n * SECOND, endTimeUnixNano: 9n * SECOND };
    expect(await summaryOf(span(1, early))).toMatchObject({ start: 7n * SECOND, end: 9n * SECOND });
  });

  it("end with the last start while all spans are open", async () => {
    const open = { endTimeUnixNano: 0n };
    const later = { ...open, startTimeUnixNano: NOW + SECOND };
    expect(await inAnyOrder([span(1, open), span(2, later)])).toMatchObject({ start: NOW, end: NOW + SECOND });
  });

  it("do not put a trace of a wrong clock before those of today", async () => {
    const source = new MemorySource();
    const trace = (digit: string, changes: Partial<Span>) =>
      source.append([serviceWith("shop", [span(1, { traceId: digit.repeat(32), ...changes })])]);
    trace("1", { startTimeUnixNano: 2n ** 64n - 1n, endTimeUnixNano: 2n ** 64n - 1n });
    trace("2", {});
    trace("3", { startTimeUnixNano: 7n * SECOND });
    trace("4", { startTimeUnixNano: NOW + 1200n * SECOND, endTimeUnixNano: NOW + 1201n * SECOND });
    const { traces } = await createTraceReader(source).find({ filter: { op: "all" }, limit: 10 }, signal);
    expect(traces.map(({ traceId }) => traceId[0])).toEqual(["4", "2", "3", "1"]);
  });
});
