import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { describeWhere } from "../support/requires.ts";
import { pythonWithSdk, telemetrygen } from "./tools.ts";

// The collector runs in this process, so senders must not block it.
const run = promisify(execFile);

const generator = telemetrygen();
const python = pythonWithSdk();

interface JaegerTrace {
  readonly spans: readonly {
    readonly operationName: string;
    readonly tags: readonly { key: string; value: unknown }[];
  }[];
}

async function traces(collector: Collector, service: string): Promise<JaegerTrace[]> {
  const response = await fetch(`${collector.endpoints.ui}api/traces?service=${service}&limit=1000`);
  return ((await response.json()) as { data: JaegerTrace[] }).data;
}

describeWhere(generator !== undefined, "Go is missing, or telemetrygen cannot be had", "telemetrygen", () => {
  let collector: Collector;
  beforeAll(async () => {
    collector = await createCollector();
  });
  afterAll(() => collector?.shutdown());

  it.each(["grpc", "http"])("sends over %s and every span is there", async (transport) => {
    const { otlpGrpc, otlpHttp } = collector.endpoints;
    const endpoint = transport === "grpc" ? (otlpGrpc as string) : new URL(otlpHttp as string).host;
    const service = `tg-${transport}`;
    await run(generator as string, [
      "traces",
      "--otlp-insecure",
      "--otlp-endpoint",
      endpoint,
      ...(transport === "http" ? ["--otlp-http"] : []),
      "--traces=50",
      "--child-spans=4",
      "--rate=0",
      `--service=${service}`,
    ]);
    const found = await traces(collector, service);
    expect(found).toHaveLength(50);
    expect(found.every((trace) => trace.spans.length === 5)).toBe(true);
  });
});

const PROGRAM = `
import sys
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
if sys.argv[1] == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    exporter = OTLPSpanExporter(endpoint=sys.argv[2], insecure=True)
else:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    exporter = OTLPSpanExporter(endpoint=sys.argv[2])
provider = TracerProvider(resource=Resource.create({"service.name": "py-" + sys.argv[1]}))
provider.add_span_processor(BatchSpanProcessor(exporter))
tracer = provider.get_tracer("shop", "1.0")
for number in range(30):
    with tracer.start_as_current_span("outer", kind=trace.SpanKind.SERVER) as span:
        span.set_attribute("number", number)
        span.set_attribute("ratio", number / 4)
        span.set_attribute("names", ["a", "b"])
        with tracer.start_as_current_span("inner"):
            try:
                raise ValueError("näh")
            except ValueError as error:
                trace.get_current_span().record_exception(error)
provider.shutdown()
`;

describeWhere(python !== undefined, "python3 is missing, or its SDK cannot be had", "the Python SDK", () => {
  let collector: Collector;
  beforeAll(async () => {
    collector = await createCollector();
  });
  afterAll(() => collector?.shutdown());

  it.each(["grpc", "http"])("sends over %s, attribute by attribute", async (transport) => {
    const { otlpGrpc, otlpHttp } = collector.endpoints;
    const endpoint = transport === "grpc" ? (otlpGrpc as string) : `${otlpHttp}/v1/traces`;
    await run(python as string, ["-c", PROGRAM, transport, endpoint]);
    const found = await traces(collector, `py-${transport}`);
    expect(found).toHaveLength(30);
    const outer = found.flatMap((trace) => trace.spans).filter((span) => span.operationName === "outer");
    const numbers = outer.map((span) => span.tags.find((tag) => tag.key === "number")?.value as number);
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i));
    for (const span of outer) {
      const tags = Object.fromEntries(span.tags.map((tag) => [tag.key, tag.value]));
      expect(tags.ratio).toBe((tags.number as number) / 4);
      expect(tags.names).toBe('["a","b"]');
      expect(tags["span.kind"]).toBe("server");
    }
  });
});
