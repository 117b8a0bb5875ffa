import { describe, expect, it } from "vitest";
import { BAGGAGE_LIMITS, baggagePropagator, formatBaggage, parseBaggage } from "./baggage.ts";
import { NOTHING_PROPAGATED } from "./context.ts";

describe("reading baggage", () => {
  it("keeps order, properties and decoded values", () => {
    expect(parseBaggage(["a=1, b = x%20y ;p1=v;p2 ,c=%C3%A9"])).toEqual([
      { key: "a", value: "1", metadata: "" },
      { key: "b", value: "x y", metadata: "p1=v;p2" },
      { key: "c", value: "é", metadata: "" },
    ]);
  });

  it("skips malformed members and keeps the rest; of equal keys the last holds", () => {
    expect(parseBaggage(["novalue,=x,bad key=1,a=1,,a=2,e="])).toEqual([
      { key: "a", value: "2", metadata: "" },
      { key: "e", value: "", metadata: "" },
    ]);
  });

  it("replaces what is no UTF-8 and leaves bad escapes", () => {
    expect(parseBaggage(["a=%ff,b=%4,c=%"]).map(({ value }) => value)).toEqual(["\ufffd", "%4", "%"]);
  });

  it("joins repeated headers and caps them together", () => {
    const header = (prefix: string, count: number): string =>
      Array.from({ length: count }, (_, i) => `${prefix}${i}=v`).join(",");
    expect(parseBaggage([header("a", 64)])).toHaveLength(64);
    expect(parseBaggage([header("a", 100), header("b", 100)])).toHaveLength(BAGGAGE_LIMITS.members);
    const large = (key: string): string => `${key}=${"v".repeat(3000)}`;
    expect(parseBaggage([large("a"), large("b"), large("c")]).map(({ key }) => key)).toEqual(["a", "b"]);
  });

  it("takes 8192 bytes and not one more", () => {
    const text = `a=${"v".repeat(4093)},b=${"w".repeat(4094)}`;
    expect(text).toHaveLength(8192);
    expect(parseBaggage([text])).toHaveLength(2);
    expect(parseBaggage([`${text}w`])).toHaveLength(1);
  });
});

describe("writing baggage", () => {
  it("encodes and round-trips any text", () => {
    const baggage = [
      { key: "a", value: 'é ",;\\%=\n', metadata: "p=1" },
      { key: "b", value: "", metadata: "" },
    ];
    const text = formatBaggage(baggage);
    expect(text).toMatch(/^[\x21-\x7e]+$/);
    expect(parseBaggage([text])).toEqual(baggage);
  });

  it("leaves out impossible keys, header injection in properties, and what does not fit", () => {
    expect(formatBaggage([{ key: "a b", value: "1", metadata: "" }])).toBe("");
    expect(formatBaggage([{ key: "a", value: "1", metadata: "x\r\nEvil: 1" }])).toBe("a=1");
    const big = { key: "big", value: "x".repeat(9000), metadata: "" };
    expect(formatBaggage([big, { key: "a", value: "1", metadata: "" }])).toBe("a=1");
  });

  it("writes no header for nothing", () => {
    expect(baggagePropagator.inject(NOTHING_PROPAGATED)).toEqual([]);
    expect(baggagePropagator.extract({ Baggage: ["a=1", "b=2"] }).baggage).toHaveLength(2);
  });
});
