import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { findAttribute } from "../../model/any-value.ts";
import type { SpanRecord } from "../../model/span.ts";
import type { SpanExporter } from "../exporters/exporter.ts";
import { alwaysOff } from "./sampler.ts";
import { createTracing, type TracingOptions } from "./tracing.ts";

function recorder(options: Partial<TracingOptions> = {}) {
  const records: SpanRecord[] = [];
  const exporter: SpanExporter = {
    description: "recorder",
    async export(batch) {
      records.push(...batch);
      return { type: "delivered" };
    },
    async shutdown() {},
  };
  const tracing = createTracing({ service: "shop", exporter, ...options });
  const spans = async () => {
    await tracing.flush();
    return records.map(({ span }) => span);
  };
  return { tracing, tracer: tracing.tracer(), records, spans };
}

describe("spans", () => {
  it("carry kind, attributes, events, links, status and times", async () => {
    const { tracer, records, spans } = recorder({ resource: { "deployment.environment.name": "test" } });
    const other = tracer.startSpan("other", { parent: null });
    const span = tracer.startSpan("work", {
      kind: "consumer",
      attributes: {
        text: "a",
        whole: 3,
        half: 0.5,
        big: 2n ** 62n,
        flag: true,
        list: [1, "x", null],
        bytes: Uint8Array.of(1),
        gone: undefined,
      },
      links: [{ context: other.context, attributes: { why: "batch" } }],
      startTime: 1_700_000_000_000.25,
    });
    span
      .addEvent("half way", { at: 1 }, new Date(1_700_000_000_001))
      .setStatus("error", "no")
      .end([1_700_000_000, 2_000_000]);
    const [data] = await spans();
    expect(data).toMatchObject({
      name: "work",
      kind: 5,
      parentSpanId: "",
      flags: 0x103,
      startTimeUnixNano: 1_700_000_000_000_250_000n,
      endTimeUnixNano: 1_700_000_000_002_000_000n,
      status: { code: 2, message: "no" },
      events: [{ name: "half way", timeUnixNano: 1_700_000_000_001_000_000n }],
      links: [{ traceId: other.context.traceId, spanId: other.context.spanId }],
    });
    expect(data?.attributes).toEqual([
      { key: "text", value: { type: "string", value: "a" } },
      { key: "whole", value: { type: "int", value: 3n } },
      { key: "half", value: { type: "double", value: 0.5 } },
      { key: "big", value: { type: "int", value: 2n ** 62n } },
      { key: "flag", value: { type: "bool", value: true } },
      {
        key: "list",
        value: {
          type: "array",
          value: [{ type: "int", value: 1n }, { type: "string", value: "x" }, { type: "empty" }],
        },
      },
      { key: "bytes", value: { type: "bytes", value: Uint8Array.of(1) } },
    ]);
    expect(records[0]?.service).toBe("shop");
    expect(findAttribute(records[0]?.resource.attributes ?? [], "deployment.environment.name")).toEqual({
      type: "string",
      value: "test",
    });
  });

  it("end once, and nothing changes them afterwards", async () => {
    const { tracer, spans } = recorder();
    const span = tracer.startSpan("once");
    span.end();
    span.setAttribute("late", 1).addEvent("late").setStatus("error").updateName("late").end();
    const all = await spans();
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({ name: "once", attributes: [], events: [], status: { code: 0 } });
    expect(span.isRecording()).toBe(false);
  });

  it("never end before they start", async () => {
    const { tracer, spans } = recorder();
    tracer.startSpan("backwards", { startTime: 2000 }).end(1000);
    const [data] = await spans();
    expect(data?.endTimeUnixNano).toBe(data?.startTimeUnixNano);
  });

  it("keep status ok against later errors and drop messages that are no errors", async () => {
    const { tracer, spans } = recorder();
    tracer.startSpan("ok").setStatus("error", "first").setStatus("ok", "ignored").setStatus("error", "later").end();
    expect((await spans())[0]?.status).toEqual({ code: 1, message: "" });
  });

  it("count what is beyond the limits", async () => {
    const { tracer, spans } = recorder({
      limits: { attributes: 2, events: 1, links: 1, attributesPerEvent: 1, attributesPerLink: 0, valueLength: 3 },
    });
    const span = tracer.startSpan("limited", { attributes: { a: "long text", b: 2, c: 3 } });
    span.setAttribute("b", 4).addEvent("one", { x: 1, y: 2 }).addEvent("two");
    span.addLink({ context: span.context, attributes: { z: 1 } }).addLink({ context: span.context });
    span.end();
    const [data] = await spans();
    expect(data).toMatchObject({ droppedAttributesCount: 1, droppedEventsCount: 1, droppedLinksCount: 1 });
    expect(data?.attributes.map(({ value }) => value)).toEqual([
      { type: "string", value: "lon" },
      { type: "int", value: 4n },
    ]);
    expect(data?.events[0]).toMatchObject({ name: "one", droppedAttributesCount: 1 });
    expect(data?.links[0]).toMatchObject({ attributes: [], droppedAttributesCount: 1 });
  });

  it("survive odd values", async () => {
    const { tracer, spans } = recorder();
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    const span = tracer.startSpan("odd", {
      attributes: {
        "": 1,
        lone: "\ud800x",
        huge: 2n ** 70n,
        nan: Number.NaN,
        zero: -0,
        loop: loop as never,
        fn: (() => 1) as never,
      },
    });
    span.recordException(Object.create(null)).end(Number.NaN);
    const [data] = await spans();
    expect(data?.attributes.map(({ key }) => key)).toEqual(["lone", "huge", "nan", "zero", "loop"]);
    expect(data?.attributes[0]?.value).toEqual({ type: "string", value: "\ufffdx" });
    expect(data?.attributes[1]?.value).toEqual({ type: "string", value: (2n ** 70n).toString() });
    expect((data?.endTimeUnixNano ?? 0n) >= (data?.startTimeUnixNano ?? 0n)).toBe(true);
  });
});

describe("the active span", () => {
  it("follows awaits and timers and keeps concurrent work apart", async () => {
    const { tracer, spans } = recorder();
    const work = (name: string) =>
      tracer.trace(name, async (outer) => {
        await wait(1);
        expect(tracer.activeSpan()).toBe(outer);
        await tracer.trace(`${name} inner`, async () => wait(1));
        return outer.context;
      });
    const [a, b] = await Promise.all([work("a"), work("b")]);
    expect(a.traceId).not.toBe(b.traceId);
    expect(tracer.activeSpan()).toBeUndefined();
    const byName = new Map((await spans()).map((span) => [span.name, span]));
    expect(byName.get("a inner")).toMatchObject({ traceId: a.traceId, parentSpanId: a.spanId });
    expect(byName.get("b inner")).toMatchObject({ traceId: b.traceId, parentSpanId: b.spanId });
  });

  it("records what is thrown, later or at once, and throws it on", async () => {
    const { tracer, spans } = recorder();
    expect(() =>
      tracer.trace("sync", () => {
        throw new TypeError("bad");
      }),
    ).toThrow("bad");
    await expect(
      tracer.trace("async", () => Promise.reject(Object.assign(new Error("gone"), { code: "ECONNRESET" }))),
    ).rejects.toThrow("gone");
    const [sync, later] = await spans();
    expect(sync).toMatchObject({ status: { code: 2, message: "bad" }, events: [{ name: "exception" }] });
    expect(findAttribute(sync?.attributes ?? [], "error.type")).toEqual({ type: "string", value: "TypeError" });
    expect(findAttribute(later?.attributes ?? [], "error.type")).toEqual({ type: "string", value: "ECONNRESET" });
    expect(findAttribute(sync?.events[0]?.attributes ?? [], "exception.stacktrace")?.type).toBe("string");
  });

  it("can be ended without naming it", async () => {
    const { tracer, spans } = recorder();
    const span = tracer.startSpan("active");
    tracer.withSpan(span, () => tracer.endSpan());
    expect(await spans()).toHaveLength(1);
  });

  it("belongs to one instance", () => {
    const one = recorder();
    const two = recorder();
    one.tracer.trace("one", () => {
      expect(two.tracer.activeSpan()).toBeUndefined();
      expect(two.tracer.startSpan("x").parentSpanId).toBe("");
    });
  });
});

describe("callers' context", () => {
  const headers = {
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    tracestate: "a=1",
    baggage: "k=v",
  };

  it("is continued, sampled or not", async () => {
    const { tracing, tracer, spans } = recorder({ sampling: 0 });
    tracing.withRemote(tracing.extract(headers), () => tracer.trace("kept", () => {}));
    const unsampled = { ...headers, traceparent: headers.traceparent.replace(/01$/, "00") };
    tracing.withRemote(tracing.extract(unsampled), () => tracer.trace("dropped", () => {}));
    tracer.trace("root", () => {});
    const all = await spans();
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({
      name: "kept",
      traceId: "0af7651916cd43dd8448eb211c80319c",
      parentSpanId: "b7ad6b7169203331",
      traceState: "a=1",
      flags: 0x301,
    });
  });

  it("is passed on by spans that are not recorded", () => {
    const { tracing, tracer } = recorder({ sampling: alwaysOff });
    const sent = tracing.withRemote(tracing.extract(headers), () =>
      tracer.trace("quiet", (span) => ({ ...tracing.inject({ TraceParent: "old" }), spanId: span.context.spanId })),
    );
    expect(sent).toEqual({
      spanId: expect.any(String),
      traceparent: `00-0af7651916cd43dd8448eb211c80319c-${sent.spanId}-00`,
      tracestate: "a=1",
      baggage: "k=v",
    });
  });

  it("keeps a debug flag across processes and formats", () => {
    const { tracing, tracer } = recorder({ sampling: 0, propagation: ["jaeger", "b3"] });
    const remote = tracing.extract({ b3: "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-d" });
    tracing.withRemote(remote, () =>
      tracer.trace("debugged", (span) => {
        expect(span.isRecording()).toBe(true);
        expect(Object.fromEntries(tracing.headers())).toMatchObject({
          "uber-trace-id": `80f198ee56343ba864fe8b2a57d3eff7:${span.context.spanId}:0:3`,
          "X-B3-Flags": "1",
        });
      }),
    );
  });

  it("follows a decision without a span", () => {
    const { tracing, tracer } = recorder({ propagation: "b3" });
    tracing.withRemote(tracing.extract({ b3: "0" }), () => expect(tracer.startSpan("x").isRecording()).toBe(false));
    tracing.withRemote(tracing.extract({ b3: "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1" }), () =>
      expect(tracer.startSpan("x").isRecording()).toBe(true),
    );
  });
});

describe("options", () => {
  it("that make no sense are refused by name", () => {
    const make = (options: object) => () => createTracing({ service: "s", ...options });
    expect(make({ service: "" })).toThrow("service: expected a name");
    expect(make({ sampling: 1.5 })).toThrow("sampling ratio 1.5: expected a number from 0.0 to 1.0");
    expect(make({ exporter: "xray" })).toThrow(
      'unknown exporter "xray": expected one of otlp, jaeger, zipkin, console',
    );
    expect(make({ exporter: { type: "zipkin", endpoint: "ftp://x" } })).toThrow(
      'endpoint of the zipkin exporter: expected an http or https URL, got "ftp://x"',
    );
    expect(make({ propagation: "xray" })).toThrow(
      'propagation format "xray": expected one of w3c, b3, b3_single, jaeger, baggage',
    );
  });
});
