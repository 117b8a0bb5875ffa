import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { jsonToTraces } from "../codec/otlp/json/json-in.ts";
import { type GenerateTracesOptions, generateTraces } from "./generate-traces.ts";
import { countSpans } from "./generator.ts";

const SHAPES = ["shop", "services"] as const;
const digest = (options: GenerateTracesOptions) =>
  createHash("sha256")
    .update(JSON.stringify(generateTraces(options)))
    .digest("hex")
    .slice(0, 16);

/** Of the digests below: what a seed gives is promised to users, so these tests go by one. */
const GOLDEN = 7;
const BELOW = -1;

describe("generateTraces", () => {
  it.each([
    ["shop", "f0e3f9b28e0c1f52"],
    ["services", "74212e0f6c725a76"],
  ] as const)(
    "gives the same %s for the same seed on every machine and day, and others for others",
    (shape, expected) => {
      expect(digest({ shape, seed: GOLDEN, traces: 50 })).toBe(expected);
      expect(digest({ shape, seed: GOLDEN + 1, traces: 50 })).not.toBe(expected);
      expect(generateTraces({ shape, seed: GOLDEN, traces: 3 })).toEqual(
        generateTraces({ shape, seed: GOLDEN, traces: 50 }).slice(0, 3),
      );
    },
  );

  it.each(SHAPES)("makes whole %s traces that a collector takes", (shape) => {
    for (const trace of generateTraces({ shape, traces: 200 })) {
      const spans = trace.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
      const ids = new Set(spans.map(({ spanId }) => spanId));
      expect(ids.size).toBe(spans.length);
      expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
      expect(spans.filter(({ parentSpanId }) => parentSpanId === undefined)).toHaveLength(1);
      expect(spans.every(({ parentSpanId }) => parentSpanId === undefined || ids.has(parentSpanId))).toBe(true);
      expect(countSpans(jsonToTraces(Buffer.from(JSON.stringify(trace))))).toBe(spans.length);
    }
  });

  it("begins when it is told to, at equal distances", () => {
    const startOf = (options: GenerateTracesOptions) =>
      generateTraces({ ...options, traces: 3 }).map(({ resourceSpans }) => {
        const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
        return spans.find(({ parentSpanId }) => parentSpanId === undefined)?.startTimeUnixNano;
      });
    expect(startOf({})[0]).toBe(`${Date.parse("2026-01-01T00:00:00Z")}000000`);
    const asked = startOf({ start: new Date("2030-05-06T07:08:09Z"), everyMs: 0.5 });
    const first = BigInt(Date.parse("2030-05-06T07:08:09Z")) * 1_000_000n;
    expect(asked).toEqual([`${first}`, `${first + 500_000n}`, `${first + 1_000_000n}`]);
    expect(startOf({ start: 5n })[0]).toBe("5");
  });

  it.each([
    [{ seed: BELOW }, "seed: expected a whole number from 0 to 4294967295, found -1"],
    [{ traces: 1.5 }, "traces: expected a whole number from 0 to 1000000, found 1.5"],
    [{ everyMs: Number.NaN }, "everyMs: expected 0 to 1e9, found NaN"],
    [{ shape: "house" as never }, "shape: expected shop or services, found house"],
  ])("refuses %j", (options, message) => {
    expect(() => generateTraces(options)).toThrow(new RangeError(message));
  });
});
