import { describe, expect, it } from "vitest";
import { analysedTrace, type PlainSpan } from "../../../test/support/query/analysed-trace.ts";
import { compareTraces, type TraceComparison } from "./compare-traces.ts";
import { comparisonSentences, differenceSentence, placeName } from "./comparison-sentences.ts";
import type { ComparedPlace } from "./merged-places.ts";

const span = (name: string, start: number, end: number, ...children: PlainSpan[]): PlainSpan => ({
  name,
  start,
  end,
  children,
});
const failing = (of: PlainSpan): PlainSpan => ({ ...of, failed: true });

/** A checkout whose query takes so long, ms. */
const checkout = (queryMs: number, ...more: PlainSpan[]) =>
  span(
    "shop POST /checkout",
    0,
    100 + queryMs,
    span("shop POST", 10, 90 + queryMs, span("stock SELECT stock", 20, 20 + queryMs)),
    ...more,
  );

const compared = (a: PlainSpan, b: PlainSpan) => compareTraces(analysedTrace(a), analysedTrace(b));

/** Differences, a line for each. */
function told(comparison: TraceComparison): string[] {
  return comparison.differences.map((difference) => {
    const name = placeName(comparison.places[difference.place] as ComparedPlace);
    return `${name}: ${differenceSentence(comparison, difference)}`;
  });
}

describe("comparing two traces", () => {
  it("finds none between a trace and itself", () => {
    const same = compared(checkout(20), checkout(20));
    expect(same).toMatchObject({ sameOperation: true, differences: [] });
    expect(comparisonSentences(same)).toEqual(["Both took 120 ms"]);
  });

  it("names where the time went, not what waited for it", () => {
    const slow = compared(checkout(2), checkout(1_900));
    expect(told(slow)).toEqual(["stock SELECT stock: 1.9 s against 2 ms (+1.9 s)"]);
    expect(comparisonSentences(slow)).toEqual([
      "B took 2 s, 1.9 s longer than A (102 ms)",
      "100 % of the time added is in stock SELECT stock, +1.9 s",
    ]);
    expect(told(compared(checkout(1_900), checkout(2)))).toEqual(["stock SELECT stock: 2 ms against 1.9 s (−1.9 s)"]);
  });

  it("adds up on the critical path to what the roots differ by", () => {
    const { differences, places, a, b } = compared(
      checkout(2, span("mail send", 12, 60)),
      checkout(400, span("mail send", 12, 300), span("mail log", 470, 500)),
    );
    const sum = places.reduce((nano, place) => nano + (place.b?.pathNano ?? 0) - (place.a?.pathNano ?? 0), 0);
    expect(sum).toBeCloseTo(b.nano - a.nano, 0);
    expect(placeName(places[differences[0]?.place as number] as ComparedPlace)).toBe("stock SELECT stock");
  });

  it("tells calls that are more, new and gone, each subtree once", () => {
    const items = (calls: number) => Array.from({ length: calls }, (_, i) => span("db SELECT item", i, i + 1));
    const comparison = compared(
      span("shop GET /", 0, 100, ...items(3), span("cache get", 50, 50.1)),
      span("shop GET /", 0, 100, ...items(40), span("mail send", 50, 50.1, span("mail connect", 50, 50.05))),
    );
    expect(told(comparison)).toEqual([
      "shop GET /: 59.9 ms against 96.9 ms itself (−37 ms)",
      "db SELECT item: 40 ms against 3 ms (+37 ms) · 40 calls instead of 3",
      "cache get: only in A: 100 µs",
      "mail send: only in B: 100 µs",
    ]);
  });

  it("puts the time that was added before what failed, and says where that went wrong", () => {
    const declined = compared(
      checkout(20, span("pay POST", 115, 117, span("pay charge", 115.5, 116))),
      failing(checkout(300, failing(span("pay POST", 395, 397, failing(span("pay charge", 395.5, 396)))))),
    );
    expect(told(declined).slice(0, 2)).toEqual([
      "stock SELECT stock: 300 ms against 20 ms (+280 ms)",
      "pay charge: failed in B, not in A",
    ]);
    expect(comparisonSentences(declined)).toContain("B failed, A did not: pay charge failed");
  });

  it("gives shares of the time that was added, not of what is left when other calls got faster", () => {
    const two = (first: number, second: number) =>
      span(
        "shop GET /",
        0,
        10 + first + second,
        span("a get", 5, 5 + first),
        span("b get", 5 + first, 5 + first + second),
      );
    const faster = compared(two(800, 100), two(100, 1_000));
    expect(comparisonSentences(faster)).toEqual([
      "B took 1.11 s, 200 ms longer than A (910 ms)",
      "100 % of the time added is in b get, +900 ms",
    ]);
    expect(told(faster).map((line) => line.split(":")[0])).toEqual(["b get", "a get"]);
    const both = compared(two(100, 100), two(700, 500));
    expect(comparisonSentences(both)[1]).toBe("60 % of the time added is in a get, +600 ms");
    expect(comparisonSentences(compared(two(100, 800), two(800, 100)))).toEqual(["Both took 910 ms"]);
  });

  it("says calls for each call of the place above where that is called several times", () => {
    const page = (calls: number) => span("shop page", 0, 40, ...many("db q", calls));
    const many = (name: string, calls: number) => Array.from({ length: calls }, (_, i) => span(name, i, i + 0.5));
    const root = (calls: number) => span("shop GET /", 0, 100, page(calls), page(calls));
    expect(told(compared(root(2), root(6)))).toContain(
      "db q: 6 ms against 2 ms (+4 ms) · 6 calls instead of 2 for each page",
    );
  });

  it("says that the requests are different ones, and what is missing", () => {
    const other = compared(checkout(20), span("shop GET /", 0, 10));
    expect(other.sameOperation).toBe(false);
    expect(comparisonSentences(other)[0]).toBe(
      "Different requests: A is shop POST /checkout, B is shop GET /; what they share is compared",
    );
    const orphan = compareTraces(
      analysedTrace(checkout(20)),
      analysedTrace({ name: "stock SELECT stock", start: 0, end: 5, orphan: true }),
    );
    expect(comparisonSentences(orphan)).toEqual(["B: the root span has not arrived, so its times say little"]);
  });

  it("takes fifty thousand spans, below one another and side by side", () => {
    const count = 50_000;
    const base = analysedTrace(span("shop GET /", 0, 100));
    const large = (parent: (row: number) => number) => ({
      ...base,
      count,
      parent: Int32Array.from({ length: count }, (_, row) => parent(row)),
      start: Float64Array.from({ length: count }, (_, row) => row),
      duration: Float64Array.from({ length: count }, (_, row) => 1e8 - row),
      status: new Uint8Array(count),
      kind: new Uint8Array(count),
      marks: new Uint8Array(count),
      service: new Uint32Array(count),
      name: new Uint32Array(count),
    });
    const chain = large((row) => row - 1);
    const fan = large((row) => (row === 0 ? -1 : 0));
    expect(compareTraces(chain, chain).places).toHaveLength(count);
    expect(compareTraces(chain, fan).places).toHaveLength(count);
  });
});
