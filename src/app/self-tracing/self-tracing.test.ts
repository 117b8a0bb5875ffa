import { afterEach, describe, expect, it } from "vitest";
import { decodeTraces } from "../../codec/otlp/message/decode.ts";
import type { AppendResult, BatchSink, IncomingBatch } from "../../component/ingest.ts";
import { SILENT_LOGGER } from "../../component/logger.ts";
import { Metrics } from "../../component/metrics.ts";
import { stringAttribute } from "../../model/any-value.ts";
import type { Span } from "../../model/span.ts";
import { SELF_SOURCE, SelfTracing } from "./self-tracing.ts";

class Sink implements BatchSink {
  readonly batches: IncomingBatch[] = [];
  fails = false;
  async append(batch: IncomingBatch): Promise<AppendResult> {
    this.batches.push(batch);
    if (this.fails) throw new Error("the disk is full");
    return { accepted: 3, rejected: 1, message: "" };
  }
  get spans(): Span[] {
    return this.batches
      .filter(({ source }) => source === SELF_SOURCE)
      .flatMap(({ bytes }) => decodeTraces(bytes).flatMap((r) => r.scopeSpans.flatMap((s) => s.spans)));
  }
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function setUp(ratio = 1, slowerThanMs = 60_000) {
  const sink = new Sink();
  const metrics = new Metrics();
  const tracing = new SelfTracing({ sink, ratio, slowerThanMs, version: "1.2.3", metrics, logger: SILENT_LOGGER });
  cleanups.push(() => tracing.stop());
  const dropped = () => metrics.snapshot()[0]?.value;
  return { sink, tracing, dropped };
}

const batch = (source: string): IncomingBatch => ({
  format: "otlp_protobuf",
  encoding: "identity",
  bytes: new Uint8Array(7),
  maxBytes: 100,
  receivedAtMs: 0,
  source,
});

describe("SelfTracing", () => {
  it("traces appends as service spanloom, and never those of its own spans", async () => {
    const { sink, tracing } = setUp();
    const traced = tracing.traceSink(sink);
    expect(await traced.append(batch("otlp_grpc"))).toEqual({ accepted: 3, rejected: 1, message: "" });
    await traced.append(batch(SELF_SOURCE));
    sink.batches.length = 0;
    await tracing.flush();
    await tracing.flush();
    expect(sink.batches).toHaveLength(1);
    const [own] = sink.batches as [IncomingBatch];
    expect(stringAttribute(decodeTraces(own.bytes)[0]?.resource.attributes ?? [], "service.name")).toBe("spanloom");
    const [span, ...more] = sink.spans;
    expect(more).toEqual([]);
    expect(span).toMatchObject({ name: "append", parentSpanId: "", status: { code: 0 } });
    expect(
      Object.fromEntries(span?.attributes.map(({ key, value }) => [key, (value as { value: unknown }).value]) ?? []),
    ).toEqual({
      "spanloom.source": "otlp_grpc",
      "spanloom.request.bytes": 7n,
      "spanloom.spans.accepted": 3n,
      "spanloom.spans.rejected": 1n,
    });
  });

  it("puts the parts of reported work below it, in a trace of its own", async () => {
    const { sink, tracing } = setUp();
    const work = { endMs: 1_700_000_000_000, tookMs: 12.5, details: {}, error: undefined };
    const parts = [{ ...work, name: "view jaeger.search", kind: "internal" as const, tookMs: 10 }];
    tracing.record({ ...work, name: "GET /api/traces", kind: "server", error: "status 503", parts });
    tracing.record({ ...work, name: "seal segment", kind: "internal" });
    await tracing.flush();
    const [request, view, sealing] = sink.spans;
    expect(request).toMatchObject({ name: "GET /api/traces", kind: 2, status: { code: 2, message: "status 503" } });
    expect((request?.endTimeUnixNano ?? 0n) - (request?.startTimeUnixNano ?? 0n)).toBe(12_500_000n);
    expect(view).toMatchObject({ traceId: request?.traceId, parentSpanId: request?.spanId, kind: 1 });
    expect(sealing).toMatchObject({ name: "seal segment", parentSpanId: "" });
    expect(sealing?.traceId).not.toBe(request?.traceId);
  });

  it("keeps what is slow, whatever the ratio, and what fails as an error", async () => {
    const fast = setUp(0, 60_000);
    await fast.tracing.traceSink(fast.sink).append(batch("replay"));
    await fast.tracing.flush();
    expect(fast.sink.spans).toEqual([]);
    const slow = setUp(0, 0);
    slow.sink.fails = true;
    await expect(slow.tracing.traceSink(slow.sink).append(batch("replay"))).rejects.toThrow("the disk is full");
    slow.sink.fails = false;
    await slow.tracing.flush();
    expect(slow.sink.spans).toMatchObject([{ name: "append", status: { code: 2, message: "the disk is full" } }]);
  });

  it("is bounded, and counts what it cannot store", async () => {
    const { sink, tracing, dropped } = setUp();
    const traced = tracing.traceSink({ append: async () => ({ accepted: 1, rejected: 0, message: "" }) });
    for (let i = 0; i < 2_100; i++) await traced.append(batch("otlp_http"));
    expect(dropped()).toBeGreaterThanOrEqual(0);
    await tracing.flush();
    expect(sink.spans.length + (dropped() ?? 0)).toBe(2_100);
    expect(sink.spans.length).toBeGreaterThan(0);
    sink.fails = true;
    const before = dropped() ?? 0;
    await traced.append(batch("otlp_http"));
    await tracing.stop();
    expect((dropped() ?? 0) - before).toBe(1);
  });
});
