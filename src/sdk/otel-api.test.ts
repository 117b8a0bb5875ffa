import { EventEmitter } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  context,
  createContextKey,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { core } from "@opentelemetry/sdk-node";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterEach, describe, expect, it } from "vitest";
import { findAttribute } from "../model/any-value.ts";
import type { SpanRecord } from "../model/span.ts";
import { OtelPropagator, OtelTracerProvider, registerOpenTelemetry } from "./otel-api.ts";
import { createTracing, type Tracing } from "./trace/tracing.ts";

const setter = {
  set(carrier: Record<string, string>, key: string, value: string) {
    carrier[key] = value;
  },
};

let unregister = (): void => {};
afterEach(() => unregister());

function setup(options: { propagation?: "w3c" | "b3" | "jaeger"; sampling?: number } = {}) {
  const records: SpanRecord[] = [];
  const tracing: Tracing = createTracing({
    service: "otel",
    exporter: {
      description: "recorder",
      async export(batch) {
        records.push(...batch);
        return { type: "delivered" };
      },
      async shutdown() {},
    },
    ...options,
  });
  unregister = registerOpenTelemetry(tracing);
  return { tracing, records };
}

describe("as the provider of @opentelemetry/api", () => {
  it("takes spans of instrumented libraries with all that they carry", async () => {
    const { tracing, records } = setup();
    const tracer = trace.getTracer("a-library", "3.1");
    await tracer.startActiveSpan("outer", { kind: SpanKind.PRODUCER, attributes: { a: [1, 2] } }, async (outer) => {
      await Promise.resolve();
      expect(trace.getActiveSpan()?.spanContext().spanId).toBe(outer.spanContext().spanId);
      const inner = tracer.startSpan("inner", {
        links: [{ context: outer.spanContext(), attributes: { l: 1 } }],
        startTime: [1_700_000_000, 5],
      });
      inner.addEvent("timed", [1_700_000_001, 0]).addEvent("with", { k: "v" }, 1_700_000_002_000);
      inner.recordException({ name: "Odd", message: "no Error" });
      inner.setStatus({ code: SpanStatusCode.ERROR, message: "m" });
      inner.end([1_700_000_003, 0]);
      outer.end();
      outer.setAttribute("late", 1);
    });
    await tracing.flush();
    const [inner, outer] = records.map(({ span }) => span);
    expect(records[0]?.scope).toMatchObject({ name: "a-library", version: "3.1" });
    expect(outer).toMatchObject({ name: "outer", kind: 4, parentSpanId: "" });
    expect(outer?.attributes).toEqual([
      {
        key: "a",
        value: {
          type: "array",
          value: [
            { type: "int", value: 1n },
            { type: "int", value: 2n },
          ],
        },
      },
    ]);
    expect(inner).toMatchObject({
      parentSpanId: outer?.spanId,
      traceId: outer?.traceId,
      startTimeUnixNano: 1_700_000_000_000_000_005n,
      endTimeUnixNano: 1_700_000_003_000_000_000n,
      status: { code: 2, message: "m" },
      links: [{ spanId: outer?.spanId }],
    });
    expect(inner?.events.map(({ name, timeUnixNano }) => [name, timeUnixNano]).slice(0, 2)).toEqual([
      ["timed", 1_700_000_001_000_000_000n],
      ["with", 1_700_000_002_000_000_000n],
    ]);
    expect(findAttribute(inner?.events[2]?.attributes ?? [], "exception.type")).toEqual({
      type: "string",
      value: "Odd",
    });
  });

  it("shares the active span with our own API in both directions", async () => {
    const { tracing, records } = setup();
    const theirs = trace.getTracer("theirs");
    tracing.tracer("ours").trace("1 ours", () =>
      theirs.startActiveSpan("2 theirs", (two) => {
        tracing.tracer("ours").trace("3 ours", () => {
          theirs.startSpan("4 theirs").end();
          theirs.startSpan("root", { root: true }).end();
        });
        two.end();
      }),
    );
    await tracing.flush();
    const byName = new Map(records.map(({ span }) => [span.name, span]));
    for (const [child, parent] of [
      ["2 theirs", "1 ours"],
      ["3 ours", "2 theirs"],
      ["4 theirs", "3 ours"],
    ] as const) {
      expect(byName.get(child)?.parentSpanId, child).toBe(byName.get(parent)?.spanId);
    }
    expect(byName.get("root")?.parentSpanId).toBe("");
  });

  it("keeps values, baggage and bound functions in the context", () => {
    const { tracing } = setup();
    const key = Symbol("k");
    const held = context.active().setValue(key, 7);
    const bound = context.bind(held, () => context.active().getValue(key));
    expect(bound()).toBe(7);
    context.with(propagation.setBaggage(held, propagation.createBaggage({ user: { value: "u 1" } })), () => {
      expect(context.active().getValue(key)).toBe(7);
      expect(tracing.baggage()).toEqual([{ key: "user", value: "u 1", metadata: "" }]);
      tracing.tracer().trace("x", () => expect(propagation.getActiveBaggage()?.getEntry("user")?.value).toBe("u 1"));
    });
  });

  it("makes no spans where an instrumentation suppresses them", async () => {
    const { tracing } = setup();
    context.with(core.suppressTracing(context.active()), () => trace.getTracer("t").startSpan("quiet").end());
    trace.getTracer("t").startSpan("loud").end();
    await tracing.flush();
    expect(tracing.stats().delivered).toBe(1);
  });

  it("refuses to be a second provider", () => {
    setup();
    expect(() => registerOpenTelemetry(createTracing({ service: "b", exporter: "console" }))).toThrow(
      "has a tracer provider already",
    );
  });

  it("carries B3's debug flag through OpenTelemetry's context", async () => {
    const { tracing, records } = setup({ propagation: "b3", sampling: 0 });
    const extracted = propagation.extract(context.active(), {
      b3: "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-d",
    });
    const carrier: Record<string, string> = {};
    context.with(extracted, () =>
      trace.getTracer("t").startActiveSpan("debugged", (span) => {
        propagation.inject(context.active(), carrier);
        span.end();
      }),
    );
    await tracing.flush();
    expect(records[0]?.span).toMatchObject({
      traceId: "80f198ee56343ba864fe8b2a57d3eff7",
      parentSpanId: "e457b5a2e4d86bd1",
    });
    expect(carrier).toEqual({
      "X-B3-TraceId": "80f198ee56343ba864fe8b2a57d3eff7",
      "X-B3-SpanId": records[0]?.span.spanId,
      "X-B3-Flags": "1",
    });
  });
});

describe("beside the official SDK", () => {
  it("makes one trace with it, whoever calls", async () => {
    const { tracing, records } = setup();
    const exported = new InMemorySpanExporter();
    const official = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exported)] });
    const w3c = new core.W3CTraceContextPropagator();
    const getter = {
      keys: (c: Record<string, string>) => Object.keys(c),
      get: (c: Record<string, string>, k: string) => c[k],
    };

    // Official SDK → ours → official SDK, over headers only.
    const first = official.getTracer("a").startSpan("first", { root: true });
    const toUs: Record<string, string> = {};
    w3c.inject(trace.setSpan(context.active(), first), toUs, setter);
    const fromUs = tracing.withRemote(tracing.extract(toUs), () =>
      tracing.tracer().trace("second", () => tracing.inject({} as Record<string, string>)),
    );
    const remote = w3c.extract(context.active(), fromUs, getter);
    const third = official.getTracer("a").startSpan("third", {}, remote);
    third.end();
    first.end();
    await tracing.flush();
    const second = records[0]?.span;
    expect(second).toMatchObject({ traceId: first.spanContext().traceId, parentSpanId: first.spanContext().spanId });
    expect(third.spanContext().traceId).toBe(first.spanContext().traceId);
    expect(exported.getFinishedSpans().find(({ name }) => name === "third")?.parentSpanContext?.spanId).toBe(
      second?.spanId,
    );
    await official.shutdown();
  });

  it("lends it its provider and propagators where nothing is registered", () => {
    const { tracing } = setup({ propagation: "jaeger" });
    unregister();
    unregister = () => {};
    const span = new OtelTracerProvider(tracing).getTracer("t").startSpan("x");
    const carrier: Record<string, string> = {};

    new OtelPropagator(tracing.propagator).inject(trace.setSpan(context.active(), span), carrier, setter);
    expect(carrier["uber-trace-id"]).toBe(`${span.spanContext().traceId}:${span.spanContext().spanId}:0:1`);
  });
});

describe("a context bound to an emitter", () => {
  it("is active in its listeners, which are removed by what was given", () => {
    setup();
    const key = createContextKey("k");
    const emitter = context.bind(ROOT_CONTEXT.setValue(key, "v"), new EventEmitter());
    const seen: unknown[] = [];
    const note = (): void => void seen.push(context.active().getValue(key));
    emitter.on("x", note);
    emitter.once("x", note);
    emitter.emit("x");
    expect(seen).toEqual(["v", "v"]);
    emitter.off("x", note);
    emitter.emit("x");
    expect(seen).toHaveLength(2);
  });

  it("holds the span of a request whose body is read by data and end", async () => {
    const { tracing, records } = setup();
    const tracer = trace.getTracer("http");
    const server = createServer((request, response) => {
      // As the instrumentation of OpenTelemetry for http does it.
      const span = tracer.startSpan("server", { kind: SpanKind.SERVER });
      context.with(trace.setSpan(context.active(), span), () => {
        context.bind(context.active(), request);
        context.bind(context.active(), response);
        request.on("data", () => {});
        request.on("end", () => {
          tracer.startSpan("work").end();
          response.end();
          span.end();
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    for (let i = 0; i < 2; i++) await fetch(`http://127.0.0.1:${port}`, { method: "POST", body: "x".repeat(100_000) });
    server.close().closeAllConnections();
    await tracing.flush();
    const servers = records.filter(({ span }) => span.name === "server").map(({ span }) => span.spanId);
    const parents = records.filter(({ span }) => span.name === "work").map(({ span }) => span.parentSpanId);
    expect(parents).toEqual(servers);
  });
});
