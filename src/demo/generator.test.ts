import { describe, expect, it } from "vitest";
import { stringAttribute } from "../model/any-value.ts";
import { SPAN_KIND, type Span, STATUS_CODE, type TracesData } from "../model/span.ts";
import { countSpans, DemoShop, joinTraces } from "./generator.ts";

const START = 1_700_000_000_000_000_000n;

function make(seed: number, count: number): TracesData[] {
  const shop = new DemoShop(seed);
  return Array.from({ length: count }, (_, i) => shop.trace(START + BigInt(i) * 1_000_000n));
}

function spansOf(data: TracesData): Span[] {
  return data.flatMap((resource) => resource.scopeSpans.flatMap((scope) => [...scope.spans]));
}

describe("the demo shop", () => {
  const traces = make(7, 400);

  it("is the same for the same seed and another for another", () => {
    expect(make(7, 400)).toEqual(traces);
    expect(make(8, 1)).not.toEqual(traces.slice(0, 1));
  });

  it("makes whole traces: one root, every parent there, ids unique", () => {
    for (const trace of traces) {
      const spans = spansOf(trace);
      const ids = new Set(spans.map((span) => span.spanId));
      expect(ids.size).toBe(spans.length);
      expect(spans.filter((span) => span.parentSpanId === "")).toHaveLength(1);
      expect(spans.filter((span) => span.parentSpanId !== "" && !ids.has(span.parentSpanId))).toEqual([]);
      expect(new Set(spans.map((span) => span.traceId)).size).toBe(1);
      expect(spans.every((span) => span.endTimeUnixNano > span.startTimeUnixNano)).toBe(true);
    }
  });

  it("has a dozen services and more, errors, retries, an N+1, queues with links", () => {
    const services = new Set(
      traces.flatMap((trace) => trace.map((one) => stringAttribute(one.resource.attributes, "service.name"))),
    );
    expect(services.size).toBe(13);
    const spans = traces.flatMap(spansOf);
    expect(spans.some((span) => span.status.code === STATUS_CODE.error)).toBe(true);
    expect(spans.some((span) => span.events.some((event) => event.name === "retry"))).toBe(true);
    expect(spans.some((span) => span.kind === SPAN_KIND.consumer && span.links.length > 0)).toBe(true);
    const repeated = traces.map((trace) => spansOf(trace).filter((span) => span.name === "SELECT users").length);
    expect(Math.max(...repeated)).toBeGreaterThan(10);
  });

  it("plants an error in one card network and region", () => {
    const declined = make(7, 1500)
      .flatMap(spansOf)
      .filter((span) => span.status.message.startsWith("acquirer declined"));
    const amex = declined.filter((span) => span.status.message.includes("amex in eu-west"));
    expect(amex.length / declined.length).toBeGreaterThan(0.6);
  });

  it("joins traces into one resource a service without losing a span", () => {
    const joined = joinTraces(traces);
    expect(joined).toHaveLength(13);
    expect(countSpans(joined)).toBe(traces.reduce((sum, trace) => sum + countSpans(trace), 0));
  });
});
