import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { V2 } from "../../src/query/jaeger-grpc/messages.ts";
import { serviceWith, spanWith, textAttribute } from "../support/otlp-spans.ts";

const NOW = Date.now();
const START = BigInt(NOW - 60_000) * 1_000_000n;
const TRACE = "0123456789abcdef0123456789abcdef";

let collector: Collector;
let jaeger: string;
let zipkin: string;

beforeAll(async () => {
  collector = await createCollector({ receivers: { zipkin: { endpoint: "127.0.0.1:0" } } });
  jaeger = collector.endpoints.ui;
  zipkin = `http://${collector.endpoints.receivers.find(({ receiver }) => receiver === "zipkin")?.listensOn}/`;
  const times = { traceId: TRACE, startTimeUnixNano: START, endTimeUnixNano: START + 30_000_000n };
  const response = await fetch(`${collector.endpoints.otlpHttp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: encodeTraces([
      serviceWith("front.shop", [
        spanWith({ ...times, name: "GET /cart", kind: 2, attributes: [textAttribute("istio.cluster_id", "east")] }),
      ]),
    ]),
  });
  expect(response.status).toBe(200);
});
afterAll(() => collector?.shutdown());

async function json(url: string): Promise<unknown> {
  const response = await fetch(url, { headers: { accept: "application/json", "content-type": "application/json" } });
  expect(response.status, url).toBe(200);
  return response.json();
}

interface JaegerAnswer {
  readonly data: readonly { readonly traceID: string }[];
  readonly errors: unknown;
}

async function jaegerIds(query: Record<string, string>): Promise<string[]> {
  const { data, errors } = (await json(`${jaeger}api/traces?${new URLSearchParams(query)}`)) as JaegerAnswer;
  expect(errors).toBeNull();
  return data.map(({ traceID }) => traceID);
}

// What each client sends is what its source has; how it reads the answer is looked at as far as it goes.
describe("Grafana's Jaeger data source", () => {
  it("asks the first API, without times or with them", async () => {
    expect(await json(`${jaeger}api/services`)).toMatchObject({ data: ["front.shop"] });
    expect(await json(`${jaeger}api/services/front.shop/operations`)).toMatchObject({ data: ["GET /cart"] });
    const tags = JSON.stringify({ "istio.cluster_id": "east" });
    expect(await jaegerIds({ limit: "20", service: "front.shop", operation: "GET /cart", tags })).toEqual([TRACE]);
    expect(await jaegerIds({ service: "front.shop", minDuration: "1.2ms", maxDuration: "5s" })).toEqual([TRACE]);
    for (const unit of [1, 1_000]) {
      const range = `start=${(NOW - 3_600_000) * unit}&end=${NOW * unit}`;
      expect(await json(`${jaeger}api/traces/${TRACE}?${range}`)).toMatchObject({ data: [{ traceID: TRACE }] });
    }
  });

  it("asks the third API with its times unescaped", async () => {
    expect(await json(`${jaeger}api/v3/services`)).toEqual({ services: ["front.shop"] });
    expect(await json(`${jaeger}api/v3/operations?service=front.shop`)).toMatchObject({
      operations: [{ name: "GET /cart" }],
    });
    const utc = (ms: number) => new Date(ms).toISOString();
    // The same moments in a zone two hours east.
    const east = (ms: number) => utc(ms + 7_200_000).replace("Z", "123456+02:00");
    const query = "query.attributes=%7B%22istio.cluster_id%22%3A%22east%22%7D&query.service_name=front.shop";
    for (const at of [utc, east]) {
      const times = `query.start_time_min=${at(NOW - 3_600_000)}&query.start_time_max=${at(NOW + 60_000)}`;
      expect(await json(`${jaeger}api/v3/traces?${query}&${times}`)).toHaveProperty("result.resourceSpans.0");
      const hint = `start_time=${at(NOW - 3_600_000)}&end_time=${at(NOW)}`;
      expect(await json(`${jaeger}api/v3/traces/${TRACE}?${hint}`)).toHaveProperty("result.resourceSpans.0");
    }
  });
});

it("Grafana's Zipkin data source asks for names and traces", async () => {
  expect(await json(`${zipkin}api/v2/services`)).toEqual(["front.shop"]);
  expect(await json(`${zipkin}api/v2/spans?serviceName=front.shop`)).toEqual(["get /cart"]);
  const search = { serviceName: "front.shop", spanName: "get /cart", endTs: String(NOW), lookback: "3600000" };
  const found = await json(`${zipkin}api/v2/traces?${new URLSearchParams(search)}`);
  expect(found).toMatchObject([[{ traceId: TRACE, localEndpoint: { serviceName: "front.shop" } }]]);
  expect(await json(`${zipkin}api/v2/trace/${TRACE}`)).toMatchObject([{ traceId: TRACE, kind: "SERVER" }]);
});

describe("Kiali", () => {
  const tags = { "istio.cluster_id": "east" };

  it("asks over HTTP", async () => {
    const seconds = Math.floor(NOW / 1000);
    const query = {
      service: "front.shop",
      start: String((seconds - 600) * 1_000_000),
      end: String(seconds * 1_000_000),
      tags: JSON.stringify(tags),
      minDuration: "1000us",
      limit: "100",
    };
    expect(await jaegerIds(query)).toEqual([TRACE]);
    expect(await jaegerIds({ ...query, tags: JSON.stringify({ "istio.cluster_id": "west" }) })).toEqual([]);
  });

  it("asks over gRPC, and its duration of zero is none", async () => {
    const client = new Client(collector.endpoints.queryGrpc as string, credentials.createInsecure());
    const at = (ms: number) => ({ seconds: Math.floor(ms / 1000), nanos: 0 });
    const none = { seconds: 0, nanos: 0 };
    const query = {
      ...{ serviceName: "front.shop", operationName: "", tags, searchDepth: 10, rawTraces: false },
      ...{ startTimeMin: at(NOW - 600_000), startTimeMax: at(NOW), durationMin: none, durationMax: null },
    };
    const spans = await new Promise<string[]>((done, fail) => {
      const names: string[] = [];
      client
        .makeServerStreamRequest(
          "/jaeger.api_v2.QueryService/FindTraces",
          (bytes: Uint8Array) => Buffer.from(bytes),
          (bytes: Buffer) => V2.spans.decode(bytes),
          V2.findTraces.encode({ query }),
        )
        .on("data", (chunk: ReturnType<typeof V2.spans.decode>) => {
          names.push(...chunk.spans.map(({ operationName }) => operationName));
        })
        .on("error", fail)
        .on("end", () => done(names));
    });
    expect(spans).toEqual(["GET /cart"]);
    client.close();
  });
});
