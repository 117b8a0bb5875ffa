import { describe, expect, it } from "vitest";
import { IdSource } from "./id-source.ts";
import { childContext, fromW3cHeader, rootContext, toB3Headers, toW3cHeader } from "./span-context.ts";

describe("span contexts", () => {
  it("begin a trace, and continue it", () => {
    const root = rootContext();
    expect(root.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(root.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(rootContext(false).flags).toBe(2);
    const child = childContext({ ...root, traceState: "a=1", isRemote: true });
    expect(child).toEqual({ ...root, traceState: "a=1", isRemote: false, spanId: child.spanId });
    expect(child.spanId).not.toBe(root.spanId);
  });

  it("go through a traceparent header", () => {
    const root = rootContext();
    expect(fromW3cHeader(toW3cHeader(root))).toEqual({ ...root, isRemote: true });
    expect(fromW3cHeader("00-abc123-def456-01")).toBeUndefined();
  });

  it("are told in B3's headers, with their decision", () => {
    const root = rootContext();
    const ids = { "X-B3-TraceId": root.traceId, "X-B3-SpanId": root.spanId };
    expect(toB3Headers(root)).toEqual({ ...ids, "X-B3-Sampled": "1" });
    expect(toB3Headers({ ...root, flags: 0 })).toEqual({ ...ids, "X-B3-Sampled": "0" });
    expect(toB3Headers({ ...root, debug: true })).toEqual({ ...ids, "X-B3-Flags": "1" });
  });

  it("have ids that do not repeat", () => {
    const ids = new IdSource();
    const all = Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? ids.traceId() : ids.spanId()));
    expect(new Set(all).size).toBe(2000);
  });
});
