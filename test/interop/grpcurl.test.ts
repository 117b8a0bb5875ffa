import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { serviceWith, spanWith, textAttribute } from "../support/otlp-spans.ts";
import { describeWhere } from "../support/requires.ts";
import { grpcurl } from "./tools.ts";

const program = grpcurl();
const TRACE = "0123456789abcdef0123456789abcdef";

// Go's implementation of protobuf takes the definitions that reflection gives, and makes its messages of them.
describeWhere(program !== undefined, "Go is missing", "grpcurl, which knows nothing but reflection", () => {
  let collector: Collector;

  beforeAll(async () => {
    collector = await createCollector();
    const response = await fetch(`${collector.endpoints.otlpHttp}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: encodeTraces([
        serviceWith("shop", [spanWith({ traceId: TRACE, attributes: [textAttribute("color", "red")] })]),
      ]),
    });
    expect(response.status).toBe(200);
  });
  afterAll(() => collector?.shutdown());

  async function ask(...args: readonly string[]): Promise<string> {
    const run = promisify(execFile)(program as string, ["-plaintext", ...args]);
    return (await run).stdout;
  }
  const call = async (method: string, request: object): Promise<unknown> => {
    const address = collector.endpoints.queryGrpc as string;
    return JSON.parse(await ask("-d", JSON.stringify(request), address, method));
  };

  it("lists and describes what is there", async () => {
    const address = collector.endpoints.queryGrpc as string;
    expect((await ask(address, "list")).trim().split("\n")).toEqual([
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "jaeger.api_v2.QueryService",
      "jaeger.api_v3.QueryService",
    ]);
    const described = await ask(address, "describe", "jaeger.api_v3.TraceQueryParameters");
    expect(described).toContain("map<string, string> attributes = 3;");
  });

  it("asks both services and health", async () => {
    const range = { start_time_min: "2026-11-01T00:00:00Z", start_time_max: "2026-12-01T00:00:00Z" };
    expect(await call("jaeger.api_v3.QueryService/GetServices", {})).toEqual({ services: ["shop"] });
    const filter = { op: "eq", args: [{ attr: { key: "color" } }, { scalar: { value: "red" } }] };
    for (const query of [
      { ...range, filter },
      { ...range, attributes: { color: "red" } },
    ]) {
      const found = await call("jaeger.api_v3.QueryService/FindTraceSummaries", { query });
      expect(found).toMatchObject({ summaries: [{ traceId: TRACE, spanCount: 1 }] });
    }
    const trace = await call("jaeger.api_v3.QueryService/GetTrace", { trace_id: TRACE });
    expect(trace).toMatchObject({ resourceSpans: [{ scopeSpans: [{ spans: [{ name: "GET /" }] }] }] });
    const query = { service_name: "shop", tags: { color: "red" } };
    expect(await call("jaeger.api_v2.QueryService/FindTraces", { query })).toMatchObject({
      spans: [{ operationName: "GET /", process: { serviceName: "shop" } }],
    });
    expect(await call("grpc.health.v1.Health/Check", {})).toEqual({ status: "SERVING" });
    await expect(call("jaeger.api_v3.QueryService/GetTrace", { trace_id: "xyz" })).rejects.toThrow("InvalidArgument");
  });
});
