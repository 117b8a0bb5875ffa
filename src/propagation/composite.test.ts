import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readHeaders, writeHeaders } from "./carrier.ts";
import { compositePropagator, createPropagator, extractAny, PROPAGATION_FORMATS } from "./composite.ts";
import type { Carrier, Propagated } from "./context.ts";

const A = "0af7651916cd43dd8448eb211c80319c";
const B = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "b7ad6b7169203331";
const w3c = `00-${A}-${SPAN}-01`;

describe("several formats at once", () => {
  const both = compositePropagator([createPropagator("w3c"), createPropagator("b3"), createPropagator("baggage")]);

  it("takes the first valid span", () => {
    expect(both.extract({ traceparent: w3c, b3: `${B}-${SPAN}-0` }).span?.traceId).toBe(A);
    expect(both.extract({ traceparent: "bad", b3: `${B}-${SPAN}-0` })).toMatchObject({
      span: { traceId: B },
      sampling: "drop",
    });
  });

  it("takes a lone decision only where no span is named", () => {
    expect(both.extract({ b3: "0" })).toMatchObject({ span: undefined, sampling: "drop" });
    expect(both.extract({ traceparent: w3c, b3: "0" }).sampling).toBe("keep");
  });

  it("writes every format and names every field", () => {
    const context = both.extract({ traceparent: w3c, tracestate: "a=1", baggage: "k=v" });
    expect(Object.fromEntries(both.inject(context))).toEqual({
      traceparent: w3c,
      tracestate: "a=1",
      "X-B3-TraceId": A,
      "X-B3-SpanId": SPAN,
      "X-B3-Sampled": "1",
      baggage: "k=v",
    });
    expect(both.fields).toEqual(expect.arrayContaining(["traceparent", "tracestate", "x-b3-traceid", "baggage"]));
  });

  it("joins baggage of several headers, the earlier propagator's value holding", () => {
    const joined = compositePropagator([createPropagator("baggage"), createPropagator("jaeger")]);
    expect(joined.extract({ baggage: "k=1", "uberctx-k": "2", "uberctx-j": "3" }).baggage).toEqual([
      { key: "k", value: "1", metadata: "" },
      { key: "j", value: "3", metadata: "" },
    ]);
  });
});

describe("translation", () => {
  const formats = PROPAGATION_FORMATS.filter((format) => format !== "baggage");
  const pairs = formats.flatMap((from) => formats.map((to) => [from, to] as const));

  it.each(pairs)("%s to %s keeps trace, span and decision", (from, to) => {
    for (const sampling of ["keep", "drop"] as const) {
      const flags = sampling === "keep" ? 1 : 0;
      const span = { traceId: A, spanId: SPAN, flags, traceState: "" };
      const sent: Propagated = { span, sampling, baggage: [] };
      const received = extractAny(createPropagator(from).inject(sent));
      expect(createPropagator(to).extract(createPropagator(to).inject(received))).toEqual(sent);
    }
  });
});

describe("carriers", () => {
  it("never throw, whatever they are", () => {
    for (const carrier of [undefined, null, 1, "x", [], [1, null, ["a"]], { a: {}, b: [1, {}, null], c: null }]) {
      expect(extractAny(carrier as unknown as Carrier)).toMatchObject({ span: undefined, sampling: "defer" });
    }
  });

  it("never throw for any header text", () => {
    const name = fc.constantFrom(
      "traceparent",
      "tracestate",
      "b3",
      "X-B3-TraceId",
      "uber-trace-id",
      "uberctx-a",
      "baggage",
    );
    const value = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[0-9a-f%:;=,-]{0,80}$/));
    const all = compositePropagator(PROPAGATION_FORMATS.map(createPropagator));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (headers) => {
        for (const [, text] of all.inject(all.extract(headers))) expect(text).not.toMatch(/[\r\n]/);
      }),
    );
  });

  it("replace headers of the same name in another case", () => {
    const target: Record<string, unknown> = { TraceParent: "old", accept: "x" };
    writeHeaders(target, [["traceparent", "new"]]);
    expect(target).toEqual({ accept: "x", traceparent: "new" });
  });

  it("join values of one name in different cases", () => {
    expect(readHeaders({ Baggage: "a=1", baggage: ["b=2"] }).get("baggage")).toEqual(["a=1", "b=2"]);
  });
});
