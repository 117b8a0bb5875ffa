import { describe, expect, it } from "vitest";
import { createB3Propagator } from "./b3.ts";
import { NOTHING_PROPAGATED, type SamplingDecision } from "./context.ts";

const TRACE = "80f198ee56343ba864fe8b2a57d3eff7";
const SPAN = "e457b5a2e4d86bd1";
const single = createB3Propagator("single");
const multi = createB3Propagator("multi");
const MULTI = { "X-B3-TraceId": TRACE, "X-B3-SpanId": SPAN };

describe("extracting the single header", () => {
  it.each<[string, SamplingDecision, number]>([
    [`${TRACE}-${SPAN}`, "defer", 0],
    [`${TRACE}-${SPAN}-0`, "drop", 0],
    [`${TRACE}-${SPAN}-1`, "keep", 1],
    [`${TRACE}-${SPAN}-d`, "debug", 1],
    [`${TRACE}-${SPAN}-1-05e3ac9a4f6e3b90`, "keep", 1],
    [`${TRACE.toUpperCase()}-${SPAN.toUpperCase()}-1`, "keep", 1],
  ])("%s", (b3, sampling, flags) => {
    expect(multi.extract({ b3 })).toEqual({
      span: { traceId: TRACE, spanId: SPAN, flags, traceState: "" },
      sampling,
      baggage: [],
    });
  });

  it.each<[string, SamplingDecision]>([
    ["0", "drop"],
    ["1", "keep"],
    ["d", "debug"],
  ])("takes %s alone as a decision", (b3, sampling) => {
    expect(single.extract({ b3 })).toEqual({ ...NOTHING_PROPAGATED, sampling });
  });

  it("pads trace ids of 16 digits", () => {
    expect(single.extract({ b3: `${SPAN}-${SPAN}-1` }).span?.traceId).toBe(`${"0".repeat(16)}${SPAN}`);
  });

  it.each([
    "",
    "2",
    "-",
    `${TRACE}`,
    `${TRACE}-`,
    `${TRACE}-${SPAN}-`,
    `${TRACE}-${SPAN}-x`,
    `${TRACE}-${SPAN}-1-xyz`,
    `${TRACE}-${SPAN}-1-${SPAN}-1`,
    `${TRACE}0-${SPAN}-1`,
    `${TRACE.slice(1)}-${SPAN}-1`,
    `${"0".repeat(32)}-${SPAN}-1`,
    `${TRACE}-${"0".repeat(16)}-1`,
  ])("takes nothing from %j and falls back to the other headers", (b3) => {
    expect(single.extract({ b3 })).toEqual(NOTHING_PROPAGATED);
    expect(single.extract({ b3, ...MULTI }).span?.traceId).toBe(TRACE);
  });

  it("comes before the multiple headers", () => {
    const other = "463ac35c9f6413ad48485a3953bb6124";
    expect(single.extract({ b3: `${other}-${SPAN}-0`, ...MULTI, "X-B3-Sampled": "1" })).toMatchObject({
      span: { traceId: other },
      sampling: "drop",
    });
  });
});

describe("extracting the multiple headers", () => {
  it.each<[Record<string, string>, SamplingDecision, number]>([
    [{}, "defer", 0],
    [{ "X-B3-Sampled": "1" }, "keep", 1],
    [{ "X-B3-Sampled": "true" }, "keep", 1],
    [{ "X-B3-Sampled": "0" }, "drop", 0],
    [{ "X-B3-Sampled": "False" }, "drop", 0],
    [{ "X-B3-Flags": "1" }, "debug", 1],
    [{ "X-B3-Flags": "1", "X-B3-Sampled": "0" }, "debug", 1],
    [{ "X-B3-Flags": "0", "X-B3-Sampled": "1" }, "keep", 1],
    [{ "X-B3-Sampled": "maybe" }, "defer", 0],
    [{ "X-B3-ParentSpanId": "not an id" }, "defer", 0],
  ])("%j", (more, sampling, flags) => {
    expect(multi.extract({ ...MULTI, ...more })).toEqual({
      span: { traceId: TRACE, spanId: SPAN, flags, traceState: "" },
      sampling,
      baggage: [],
    });
  });

  it("keeps a decision without ids and drops invalid ids", () => {
    expect(multi.extract({ "x-b3-sampled": "0" })).toEqual({ ...NOTHING_PROPAGATED, sampling: "drop" });
    expect(multi.extract({ "x-b3-flags": "1" })).toEqual({ ...NOTHING_PROPAGATED, sampling: "debug" });
    expect(multi.extract({ "x-b3-traceid": TRACE })).toEqual(NOTHING_PROPAGATED);
    expect(multi.extract({ ...MULTI, "X-B3-SpanId": "0" })).toEqual(NOTHING_PROPAGATED);
  });

  it("reads repeated and upper-case headers", () => {
    expect(multi.extract({ "X-B3-TRACEID": [TRACE, "other"], "x-b3-spanid": [SPAN] }).span?.traceId).toBe(TRACE);
  });
});

describe("injecting", () => {
  const span = { traceId: TRACE, spanId: SPAN, flags: 1, traceState: "a=1" };

  it.each<[SamplingDecision, string, Record<string, string>]>([
    ["defer", `${TRACE}-${SPAN}`, {}],
    ["drop", `${TRACE}-${SPAN}-0`, { "X-B3-Sampled": "0" }],
    ["keep", `${TRACE}-${SPAN}-1`, { "X-B3-Sampled": "1" }],
    ["debug", `${TRACE}-${SPAN}-d`, { "X-B3-Flags": "1" }],
  ])("%s", (sampling, b3, more) => {
    expect(single.inject({ span, sampling, baggage: [] })).toEqual([["b3", b3]]);
    expect(Object.fromEntries(multi.inject({ span, sampling, baggage: [] }))).toEqual({ ...MULTI, ...more });
  });

  it("sends a decision without a span, and nothing for nothing", () => {
    expect(single.inject({ ...NOTHING_PROPAGATED, sampling: "drop" })).toEqual([["b3", "0"]]);
    expect(multi.inject({ ...NOTHING_PROPAGATED, sampling: "drop" })).toEqual([["X-B3-Sampled", "0"]]);
    expect(single.inject(NOTHING_PROPAGATED)).toEqual([]);
    expect(multi.inject(NOTHING_PROPAGATED)).toEqual([]);
  });
});
