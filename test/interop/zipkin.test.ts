import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { replay } from "../../src/replay/replay.ts";
import { otlpTarget } from "../../src/replay/target.ts";
import facts from "../fixtures/facts.json" with { type: "json" };
import { eventually } from "../support/eventually.ts";
import { describeWhere } from "../support/requires.ts";
import { ServerProgram } from "./processes.ts";
import { zipkinJar } from "./tools.ts";

const jar = zipkinJar();
const RECORDINGS = ["node-shop", "python-shop", "telemetrygen"] as const;

interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly name?: string;
  readonly kind?: string;
  readonly duration?: number;
  readonly localEndpoint?: { readonly serviceName?: string };
  readonly tags?: Readonly<Record<string, string>>;
}

// A real Zipkin server takes the fan-out and shows the same spans.
describeWhere(jar !== undefined, "Java, Maven or Zipkin is missing", "a real Zipkin behind the zipkin exporter", () => {
  let zipkin: ServerProgram;
  let url: string;
  let collector: Collector;
  let folder: string;

  beforeAll(async () => {
    zipkin = new ServerProgram({
      path: "java",
      args: () => ["-Xmx512m", "-jar", jar as string],
      env: ([port]) => ({ QUERY_PORT: String(port), SERVER_PORT: String(port), STORAGE_TYPE: "mem" }),
      ready: async ([port]) => (await fetch(`http://127.0.0.1:${port}/health`)).ok,
    });
    await zipkin.start();
    url = `http://127.0.0.1:${zipkin.port()}`;
    folder = mkdtempSync(join(tmpdir(), "spanloom-zipkin-"));
    collector = await createCollector({
      storage: { kind: "sqlite", path: join(folder, "data") },
      exporters: { zipkin: { endpoint: `${url}/api/v2/spans` } },
    });
    const { signal } = new AbortController();
    await replay({
      files: RECORDINGS.map((name) => resolve(import.meta.dirname, `../fixtures/${name}.jsonl`)),
      targets: [otlpTarget(collector.endpoints.otlpHttp as string, signal)],
      speed: "max",
      at: "original",
      freshIds: false,
      signal,
    });
  });

  afterAll(async () => {
    await collector?.shutdown();
    await zipkin?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("shows every span of every recorded trace with its service, name and kind", async () => {
    for (const name of RECORDINGS) {
      for (const notable of Object.values(facts[name].notable)) {
        const { traceId, spans } = notable as { traceId: string; spans: number };
        const shown = await eventually(`trace ${traceId} in Zipkin`, async () => {
          const response = await fetch(`${url}/api/v2/trace/${traceId}`);
          if (!response.ok) return false;
          // Its writer counts a replaced surrogate as three bytes and leaves zero bytes at the end.
          const list = JSON.parse((await response.text()).replace(/\0+$/, "")) as ZipkinSpan[];
          return list.length >= spans ? list : false;
        });
        expect(shown).toHaveLength(spans);
        const jaeger = await fetch(`${collector.endpoints.ui}api/traces/${traceId}`);
        const ours = ((await jaeger.json()) as { data: JaegerTrace[] }).data[0] as JaegerTrace;
        expect(describeAll(shown)).toEqual(describeOurs(ours));
      }
    }
  });

  it("lists the same services", async () => {
    const services = (await (await fetch(`${url}/api/v2/services`)).json()) as string[];
    const expected = RECORDINGS.flatMap((name) => Object.keys(facts[name].services));
    expect(services.sort()).toEqual(expected.sort());
  });
});

interface JaegerTrace {
  readonly spans: readonly {
    readonly spanID: string;
    readonly operationName: string;
    readonly processID: string;
    readonly tags: readonly { readonly key: string; readonly value: unknown }[];
  }[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

function describeAll(spans: readonly ZipkinSpan[]): string[] {
  // Zipkin's server lower-cases names.
  return spans
    .map((span) => `${span.id} ${span.localEndpoint?.serviceName} ${span.name ?? ""} ${span.kind ?? ""}`.toLowerCase())
    .sort();
}

function describeOurs(trace: JaegerTrace): string[] {
  return trace.spans
    .map((span) => {
      const kind = span.tags.find((tag) => tag.key === "span.kind")?.value ?? "";
      return `${span.spanID} ${trace.processes[span.processID]?.serviceName} ${span.operationName} ${kind}`.toLowerCase();
    })
    .sort();
}
