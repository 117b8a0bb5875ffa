import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { analysedTrace, type PlainSpan } from "../../../test/support/query/analysed-trace.ts";
import { SPAN_KIND } from "../../model/span.ts";
import { clockSkew } from "./clock-skew.ts";

/** A call of `cart` from 10 to 110, which it serves from `start` to `end`, ms. */
const call = (start: number, end: number, more: readonly PlainSpan[] = []): PlainSpan => ({
  name: "front GET",
  kind: SPAN_KIND.client,
  start: 10,
  end: 110,
  children: [{ name: "cart GET /items", kind: SPAN_KIND.server, start, end, children: more }],
});
const root = (...children: PlainSpan[]) => analysedTrace({ name: "front GET /cart", start: 0, end: 500, children });
const ms = (ahead: Float64Array | undefined) => ahead && [...ahead].map((nano) => nano / 1e6);

describe("clocks that differ", () => {
  it("are seen by a server that ran before it was asked, or after it was answered", () => {
    const late = clockSkew(root(call(325, 405, [{ name: "cart SELECT", start: 330, end: 340 }])));
    expect(late?.largestNano).toBe(305e6);
    expect(ms(late?.ahead)).toEqual([0, 0, 305, 305]);
    expect(ms(clockSkew(root(call(-300, -220)))?.ahead)).toEqual([0, 0, -320]);
  });

  it("are not seen where calls fit, and where a server ends a little later or is in its client's service", () => {
    expect(clockSkew(root(call(20, 100)))).toBeUndefined();
    expect(clockSkew(root(call(20, 114)))).toBeUndefined();
    expect(clockSkew(root(call(10, 400)))).toBeUndefined();
    const own = call(325, 405);
    const [served] = own.children ?? [];
    expect(
      clockSkew(root({ ...own, children: [{ ...(served as PlainSpan), name: "front GET /items" }] })),
    ).toBeUndefined();
  });

  it("differ by what makes every call of the two fit", () => {
    // The first says 295 to 315, the second 300 to 301.
    const second = { ...call(0, 0), start: 200, end: 230 };
    const served = { name: "cart GET /items", kind: SPAN_KIND.server, start: 501, end: 530, children: [] };
    const skew = clockSkew(root(call(325, 405), { ...second, children: [served] }));
    expect(ms(skew?.ahead)).toEqual([0, 0, 300.5, 0, 300.5]);
  });

  it("are those of each call where no difference makes all of them fit", () => {
    const fits = { ...call(210, 290), start: 200, end: 300 };
    const skew = clockSkew(root(call(325, 405), fits));
    expect(ms(skew?.ahead)).toEqual([0, 0, 305, 0, 0]);
  });

  it("are found to within the time on the network, whatever they differ by", () => {
    const parts = { offset: fc.integer({ min: -10_000, max: 10_000 }), there: fc.integer({ max: 20, min: 0 }) };
    fc.assert(
      fc.property(fc.record(parts), ({ offset, there }) => {
        fc.pre(Math.abs(offset) > 120);
        const skew = clockSkew(root(call(10 + there + offset, 90 + there + offset)));
        const found = (skew?.ahead[2] ?? 0) / 1e6;
        expect(Math.abs(found - offset)).toBeLessThanOrEqual(20);
        // By its client's clock it ran within the call.
        expect(10 + there + offset - found).toBeGreaterThanOrEqual(10);
        expect(90 + there + offset - found).toBeLessThanOrEqual(110);
      }),
    );
  });
});
