import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { type AppProcess, startApp } from "../support/app-process.ts";

interface WitnessedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: string;
}

interface JaegerTag {
  readonly key: string;
  readonly type: string;
  readonly value: unknown;
}

interface JaegerSpan {
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly spanID: string }[];
  readonly tags: readonly JaegerTag[];
  readonly logs: readonly { readonly fields: readonly JaegerTag[] }[];
  readonly processID: string;
}

interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string; readonly tags: readonly JaegerTag[] }>>;
}

// The SDK's SpanKind starts at INTERNAL = 0; Jaeger leaves INTERNAL out.
const KIND_TAG = [undefined, "server", "client", "producer", "consumer"];

describe.each(["grpc", "http/protobuf", "http/json"])("the official JS SDK over %s", (protocol) => {
  let collector: Collector;
  let folder: string;
  let witnessed: WitnessedSpan[];
  const apps: AppProcess[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "spanloom-sdk-"));
    collector = await createCollector({ storage: { kind: "sqlite", path: join(folder, "data") } });
    const endpoint =
      protocol === "grpc" ? `http://${collector.endpoints.otlpGrpc}` : (collector.endpoints.otlpHttp as string);
    const environment = (name: string) => ({
      EXPORT_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_SERVICE_NAME: name,
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,team=till",
      OTEL_LOG_LEVEL: "none",
      SPAN_FILE: join(folder, "spans.jsonl"),
    });
    const worker = await startApp("worker.cjs", environment("worker"));
    const frontend = await startApp("frontend.cjs", { ...environment("frontend"), WORKER_URL: worker.url });
    apps.push(frontend, worker);
    for (let i = 0; i < 3; i++) expect((await fetch(`${frontend.url}/order/${i}`)).status).toBe(200);
    expect((await fetch(`${frontend.url}/boom`)).status).toBe(500);
    await Promise.all(apps.map((app) => app.stop()));
    witnessed = readFileSync(join(folder, "spans.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as WitnessedSpan);
  }, 90_000);

  afterAll(async () => {
    await collector?.shutdown();
    rmSync(folder, { recursive: true, force: true });
  });

  async function ask<T>(path: string): Promise<T> {
    const response = await fetch(new URL(path, collector.endpoints.ui));
    expect(response.status, path).toBe(200);
    return ((await response.json()) as { data: T }).data;
  }

  it("has every service", async () => {
    expect(await ask<string[]>("api/services")).toEqual(["frontend", "worker"]);
  });

  it("has every span of every trace, attribute by attribute", async () => {
    const traceIds = [...new Set(witnessed.map((span) => span.traceId))];
    expect(witnessed.length).toBeGreaterThanOrEqual(20);
    for (const traceId of traceIds) {
      const [trace] = await ask<JaegerTrace[]>(`api/traces/${traceId}`);
      const expected = witnessed.filter((span) => span.traceId === traceId);
      expect(trace?.spans.map((span) => span.spanID).sort()).toEqual(expected.map((span) => span.spanId).sort());
      for (const span of expected) compare(span, trace as JaegerTrace);
    }
  });

  it("joins both services in one trace for an order", async () => {
    const traces = await ask<JaegerTrace[]>("api/traces?service=frontend&operation=GET%20%2Forder%2F%3Aid&limit=10");
    expect(traces).toHaveLength(3);
    for (const trace of traces) {
      const services = new Set(Object.values(trace.processes).map((process) => process.serviceName));
      expect([...services].sort()).toEqual(["frontend", "worker"]);
    }
  });

  it("finds the failed request by its tag", async () => {
    const tags = encodeURIComponent(JSON.stringify({ error: "true" }));
    const traces = await ask<JaegerTrace[]>(`api/traces?service=frontend&tags=${tags}`);
    expect(traces).toHaveLength(1);
    const fields = traces[0]?.spans.flatMap((span) => span.logs).flatMap((log) => log.fields) ?? [];
    expect(fields).toContainEqual({ key: "exception.message", type: "string", value: "the till is on fire ✗" });
  });
});

function compare(span: WitnessedSpan, trace: JaegerTrace): void {
  const found = trace.spans.find((one) => one.spanID === span.spanId) as JaegerSpan;
  expect(found.operationName).toBe(span.name);
  const parent = found.references.find((reference) => reference.refType === "CHILD_OF")?.spanID ?? "";
  expect(parent).toBe(span.parentSpanId);
  expect(plain(found.tags)["span.kind"]).toBe(KIND_TAG[span.kind]);
  expect(plain(found.tags)["otel.scope.name"]).toBe(span.scope);
  const status = [undefined, "OK", "ERROR"][span.status.code];
  expect(plain(found.tags)["otel.status_code"]).toBe(status);
  if (span.status.message) expect(plain(found.tags)["otel.status_description"]).toBe(span.status.message);
  for (const [key, value] of Object.entries(span.attributes)) {
    expect(plain(found.tags)[key], `${span.name} ${key}`).toEqual(jaegerValue(value));
  }
  expect(found.logs.map((log) => plain(log.fields).event)).toEqual(span.events.map((event) => event.name));
  const process = trace.processes[found.processID];
  const tags = plain(process?.tags ?? []);
  for (const [key, value] of Object.entries(span.resource)) {
    if (key === "service.name") expect(process?.serviceName).toBe(value);
    else expect(tags[key], key).toEqual(jaegerValue(value));
  }
}

/** Jaeger has no arrays: they are JSON texts. */
function jaegerValue(value: unknown): unknown {
  return Array.isArray(value) ? JSON.stringify(value) : value;
}

function plain(tags: readonly JaegerTag[]): Record<string, unknown> {
  return Object.fromEntries(tags.map((tag) => [tag.key, tag.value]));
}
