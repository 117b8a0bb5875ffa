import { describe, expect, it } from "vitest";
import { NOTHING_PROPAGATED, type SamplingDecision } from "./context.ts";
import { jaegerPropagator } from "./jaeger.ts";

const TRACE = "d4cda95b652f4a1592b449d5929fda1b";
const SPAN = "6e0c63257de34c92";

const extract = (value: string) => jaegerPropagator.extract({ "uber-trace-id": value });

describe("uber-trace-id", () => {
  it.each<[string, SamplingDecision, number]>([
    ["0", "drop", 0],
    ["1", "keep", 1],
    ["01", "keep", 1],
    ["3", "debug", 1],
    ["2", "debug", 1],
    ["9", "keep", 1],
  ])("flags %s", (flags, sampling, traceFlags) => {
    expect(extract(`${TRACE}:${SPAN}:0:${flags}`)).toEqual({
      span: { traceId: TRACE, spanId: SPAN, flags: traceFlags, traceState: "" },
      sampling,
      baggage: [],
    });
  });

  it("pads ids of any length on the left", () => {
    expect(extract("1a:b:0:1").span).toMatchObject({ traceId: `${"0".repeat(30)}1a`, spanId: `${"0".repeat(15)}b` });
    expect(extract(`${SPAN}:${SPAN}:1f:1`).span?.traceId).toBe(`${"0".repeat(16)}${SPAN}`);
  });

  it("accepts URL-encoded colons and upper case", () => {
    expect(extract(`${TRACE}%3A${SPAN}%3a0%3A1`).span?.traceId).toBe(TRACE);
    expect(extract(`${TRACE.toUpperCase()}:${SPAN}:0:1`).span?.traceId).toBe(TRACE);
  });

  it.each([
    "",
    "%",
    "%zz%3",
    `${TRACE}%3${SPAN}%3A0%3A1`,
    `${TRACE}:${SPAN}:0`,
    `${TRACE}:${SPAN}:0:1:2`,
    `${TRACE}0:${SPAN}:0:1`,
    `${TRACE}:${SPAN}0:0:1`,
    `0:${SPAN}:0:1`,
    `${TRACE}:0:0:1`,
    `${TRACE}:${SPAN}:0:`,
    `${TRACE}:${SPAN}:0:x`,
    `${TRACE}:${SPAN}:0:-1`,
    ":::",
    "\u0000%ff%fe",
  ])("takes nothing from %j", (value) => {
    expect(extract(value)).toEqual(NOTHING_PROPAGATED);
  });

  it("is written with the flags of the decision", () => {
    const span = { traceId: TRACE, spanId: SPAN, flags: 1, traceState: "a=1" };
    const written = (sampling: SamplingDecision) => jaegerPropagator.inject({ span, sampling, baggage: [] });
    expect(written("keep")).toEqual([["uber-trace-id", `${TRACE}:${SPAN}:0:1`]]);
    expect(written("drop")).toEqual([["uber-trace-id", `${TRACE}:${SPAN}:0:0`]]);
    expect(written("debug")).toEqual([["uber-trace-id", `${TRACE}:${SPAN}:0:3`]]);
  });
});

describe("uberctx headers", () => {
  it("are baggage, decoded, and never fail on bad escapes", () => {
    const { baggage } = jaegerPropagator.extract({
      "UberCtx-User": "a%20b",
      "uberctx-bad": "100%zz",
      "uberctx-bytes": "%ff",
      "uberctx-": "no key",
      other: "x",
    });
    expect(baggage).toEqual([
      { key: "user", value: "a b", metadata: "" },
      { key: "bad", value: "100%zz", metadata: "" },
      { key: "bytes", value: "\ufffd", metadata: "" },
    ]);
  });

  it("survive a round trip, lone surrogates as U+FFFD", () => {
    const baggage = [{ key: "k", value: "é %;,=\n\ud800", metadata: "p" }];
    const pairs = jaegerPropagator.inject({ ...NOTHING_PROPAGATED, baggage });
    expect(pairs[0]?.[1]).toMatch(/^[\x21-\x7e]+$/);
    expect(jaegerPropagator.extract(pairs).baggage).toEqual([{ key: "k", value: "é %;,=\n\ufffd", metadata: "" }]);
  });

  it("are not written for keys that are no header names", () => {
    expect(
      jaegerPropagator.inject({ ...NOTHING_PROPAGATED, baggage: [{ key: "a\r\nb", value: "1", metadata: "" }] }),
    ).toEqual([]);
  });
});
