import { describe, expect, it } from "vitest";
import { parseConfig } from "./config.ts";
import { changedPaths, planReload, reloadedConfig } from "./config-changes.ts";

const parse = (raw: Record<string, unknown>) => parseConfig(raw, { name: "test" });

describe("changedPaths", () => {
  it("goes as deep as both sides are mappings", () => {
    expect(changedPaths({ a: { b: 1, c: [1, 2], d: null } }, { a: { b: 2, c: [1, 3], d: { e: 1 } }, f: 1 })).toEqual([
      "a.b",
      "a.c",
      "a.d",
      "f",
    ]);
    expect(changedPaths({ a: { b: [1] } }, { a: { b: [1] } })).toEqual([]);
  });
});

describe("planReload", () => {
  it("tells what can change while it runs from what takes a restart", () => {
    const running = parse({ exporters: { "otlphttp/a": { endpoint: "http://a:4318" } } });
    const wanted = parse({
      sampling: { ratio: 0.5 },
      processors: { semconv: { rewrite: "latest" } },
      telemetry: { logs: { level: "debug", format: "json" } },
      storage: { retention: { max_age_hours: 1 } },
      receivers: { otlp: { protocols: { grpc: { enabled: false } } } },
    });
    expect(planReload(running, wanted)).toEqual({
      applied: ["processors.semconv.rewrite", "sampling.ratio", "telemetry.logs.level"],
      needsRestart: [
        "receivers.otlp.protocols.grpc.enabled",
        "storage.retention.max_age_hours",
        "exporters.otlphttp/a",
        "telemetry.logs.format",
      ],
    });
    const next = reloadedConfig(running, wanted);
    expect(planReload(next, wanted).applied).toEqual([]);
    expect(planReload(running, next).needsRestart).toEqual([]);
  });

  it("takes over the filters of exporters that are there before and after, and nothing else of them", () => {
    const exporter = (name: string, filter?: string, more: object = {}) => ({
      [name]: { ...more, ...(filter === undefined ? {} : { filter }) },
    });
    const running = parse({
      exporters: { ...exporter("otlp"), ...exporter("otlp/b", "{ .b = 1 }"), ...exporter("zipkin", "{ .a = 1 }") },
    });
    const wanted = parse({
      exporters: {
        ...exporter("otlp", "{ .a = 1 }", { start_at: "oldest" }),
        ...exporter("otlp/b"),
        ...exporter("jaeger", "{ .a = 1 }"),
      },
    });
    expect(planReload(running, wanted)).toEqual({
      applied: ["exporters.otlp.filter", "exporters.otlp/b.filter"],
      needsRestart: ["exporters.otlp.start_at", "exporters.zipkin", "exporters.jaeger"],
    });
    const next = reloadedConfig(running, wanted);
    expect(planReload(next, wanted).applied).toEqual([]);
    expect(planReload(running, next).needsRestart).toEqual([]);
    expect(next.exporters).toMatchObject({ otlp: { filter: "{ .a = 1 }", start_at: "now" } });
  });
});
