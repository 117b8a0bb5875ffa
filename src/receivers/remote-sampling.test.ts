import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { recordingHost } from "../../test/support/host.ts";
import { grpcCall, grpcClient, RecordingSink } from "../../test/support/receiver-rig.ts";
import { samplingParameters, samplingStrategy } from "../codec/rpc/sampling.ts";
import type { HeadSampling, Receiver, SamplingAnswers } from "../component/receiver.ts";
import { InFlightBudget } from "../server/limits/in-flight.ts";
import { jaegerReceiver } from "./jaeger.ts";
import { remoteSamplingReceiver } from "./remote-sampling.ts";
import { toldOfSampling } from "./sampling-told.ts";
import { parseStrategies } from "./strategies-file.ts";

const running: Receiver[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((receiver) => receiver.shutdown(AbortSignal.abort())));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function strategiesFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "spanloom-sampling-"));
  folders.push(folder);
  const path = join(folder, "strategies.json");
  writeFileSync(path, text);
  return path;
}

async function start(config: object = {}, sampling?: HeadSampling) {
  const host = recordingHost();
  const endpoint = "127.0.0.1:0";
  const receiver = remoteSamplingReceiver.create(
    {
      name: "remote_sampling",
      sink: new RecordingSink(),
      inFlight: new InFlightBudget(),
      ...(sampling === undefined ? {} : { sampling: () => sampling }),
    },
    remoteSamplingReceiver.config.parse({ http: { endpoint }, grpc: { endpoint }, ...config }),
  );
  await receiver.start(host);
  running.push(receiver);
  const { http, grpc } = receiver.addresses;
  const base = `http://127.0.0.1:${http?.port}`;
  const get = async (path: string) => {
    const response = await fetch(base + path);
    return [response.status, await response.text()] as const;
  };
  return { receiver, host, base, get, grpc: `127.0.0.1:${grpc?.port}` };
}

const FILE = JSON.stringify({
  default_strategy: {
    type: "probabilistic",
    param: 0.5,
    operation_strategies: [{ operation: "/health", type: "probabilistic", param: 0 }],
  },
  service_strategies: [
    { service: "limited", type: "ratelimiting", param: 5 },
    {
      service: "shop",
      type: "probabilistic",
      param: 0.8,
      operation_strategies: [
        { operation: "pay", type: "probabilistic", param: 1 },
        { operation: "burst", type: "ratelimiting", param: 9 },
      ],
    },
  ],
});

describe("over HTTP", () => {
  it("everything is to be recorded unless something else is said", async () => {
    const { get } = await start({}, { ratio: 0.1, rules: [] });
    expect(await get("/sampling?service=shop")).toEqual([
      200,
      '{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":1}}',
    ]);
    expect(await get("/?service=shop")).toEqual([200, '{"strategyType":0,"probabilisticSampling":{"samplingRate":1}}']);
  });

  it.each(["/sampling", "/sampling?service=a&service=b", "/"])("%s is 400 in Jaeger's words", async (path) => {
    const { get } = await start();
    expect(await get(path)).toEqual([400, "'service' parameter must be provided once\n"]);
  });

  it("other paths, methods and names of the host are refused", async () => {
    const { get, base } = await start();
    expect((await get("/other?service=a"))[0]).toBe(404);
    expect((await get("//["))[0]).toBe(404);
    expect((await fetch(`${base}/sampling?service=a`, { method: "POST" })).status).toBe(405);
    const headers = { host: "evil.example" };
    const status = await new Promise((done) =>
      request(`${base}/sampling?service=a`, { headers }, (response) => done(response.statusCode)).end(),
    );
    expect(status).toBe(421);
  });

  it("a file's strategies are told, and told anew once it has changed", { timeout: 30_000 }, async () => {
    const path = strategiesFile(FILE);
    const { get, host, receiver } = await start({ file: { path } });
    expect(JSON.parse((await get("/sampling?service=limited"))[1])).toMatchObject({
      strategyType: "RATE_LIMITING",
      rateLimitingSampling: { maxTracesPerSecond: 5 },
    });
    writeFileSync(`${path}.new`, '{"default_strategy":{"type":"probabilistic","param":0.25}}');
    renameSync(`${path}.new`, path);
    await eventually("the new strategy", async () => (await get("/sampling?service=x"))[1].includes("0.25"));
    writeFileSync(path, '{"default_strategy":{"param":"no number"}}');
    receiver.reloadTls();
    expect((await get("/sampling?service=x"))[1]).toContain("0.25");
    expect(host.lines.filter(({ level }) => level === "error").map(({ fields }) => fields?.reason)).toEqual([
      expect.stringContaining("default_strategy.param"),
    ]);
  });

  it("a file that cannot be used keeps it from starting, and says which setting names it", async () => {
    await expect(start({ file: { path: "/nowhere/strategies.json" } })).rejects.toThrow(
      /^receivers\.remote_sampling\.file\.path: \/nowhere\/strategies\.json cannot be used: ENOENT/,
    );
    await expect(start({ file: { path: strategiesFile("{") } })).rejects.toMatchObject({ code: "config_invalid" });
  });
});

it("over gRPC the same is told", async () => {
  const { grpc } = await start({ file: { path: strategiesFile(FILE) } });
  const client = grpcClient(grpc);
  const path = "/jaeger.api_v2.SamplingManager/GetSamplingStrategy";
  const asked = await grpcCall(client, path, samplingParameters.encode({ serviceName: "shop" }));
  const wrong = await grpcCall(client, path, Uint8Array.of(10, 200));
  client.close();
  expect(samplingStrategy.decode(asked.response as Uint8Array)).toMatchObject({
    strategyType: 0,
    probabilisticSampling: { samplingRate: 0.8 },
    operationSampling: {
      defaultSamplingProbability: 0.8,
      perOperationStrategies: [
        { operation: "pay", probabilisticSampling: { samplingRate: 1 } },
        { operation: "/health", probabilisticSampling: { samplingRate: 0 } },
      ],
    },
  });
  expect(wrong.error?.code).toBe(3);
});

describe("on the port of another receiver", () => {
  const endpoint = "127.0.0.1:0";

  async function startBoth(file: object) {
    const samplingAnswers: SamplingAnswers = { of: undefined };
    const settings = { sink: new RecordingSink(), inFlight: new InFlightBudget(), samplingAnswers };
    const jaeger = jaegerReceiver.create({ ...settings, name: "jaeger" }, jaegerReceiver.config.parse({ endpoint }));
    const sampling = remoteSamplingReceiver.create(
      { ...settings, name: "remote_sampling" },
      remoteSamplingReceiver.config.parse({ http: { endpoint }, grpc: { enabled: false }, file }),
    );
    const host = recordingHost();
    for (const one of [jaeger, sampling]) {
      await one.start(host);
      running.push(one);
    }
    const at = (receiver: Receiver) => `http://127.0.0.1:${receiver.addresses.http?.port}`;
    return { sampling, host, collector: at(jaeger), own: at(sampling) };
  }

  it("the same is told at /api/sampling, as Jaeger's collector tells it", async () => {
    const { collector, own, host, sampling } = await startBoth({ path: strategiesFile(FILE) });
    const ask = async (url: string, init?: RequestInit) => {
      const response = await fetch(url, init);
      return [response.status, response.headers.get("content-type"), await response.text()];
    };
    for (const query of ["?service=shop", "?service=limited", "?service=", "", "?service=a&service=b"]) {
      expect(await ask(`${collector}/api/sampling${query}`)).toEqual(await ask(`${own}/sampling${query}`));
    }
    expect((await ask(`${collector}/api/sampling?service=shop`))[2]).toContain("0.8");
    expect((await ask(`${collector}/api/sampling?service=shop`, { method: "POST" }))[0]).toBe(405);
    expect((await ask(`${collector}/sampling?service=shop`))[0]).toBe(404);
    const answered = host.metrics
      .snapshot()
      .filter(({ name, labels }) => name === "spanloom_remote_sampling_requests_total" && labels.answered === "true");
    expect(Object.fromEntries(answered.map(({ labels, value }) => [labels.transport, value]))).toEqual({
      http: 3,
      other_http: 4,
    });
    await sampling.shutdown(AbortSignal.abort());
    expect((await ask(`${collector}/api/sampling?service=shop`))[0]).toBe(404);
  });
});

describe("a strategies file", () => {
  const strategyOf = (file: unknown, service: string) =>
    parseStrategies(JSON.stringify(file), recordingHost().logger)(service);

  it.each([null, {}, { default_strategy: null, service_strategies: null }])("may say nothing: %j", (file) => {
    expect(strategyOf(file, "any").probabilisticSampling).toEqual({ samplingRate: 0.001 });
  });

  it("has the default's operations count for a service without its own, at that service's rate", () => {
    const { operationSampling } = strategyOf(
      { ...JSON.parse(FILE), service_strategies: [{ service: "a", type: "probabilistic", param: 0.3 }] },
      "a",
    );
    expect(operationSampling).toMatchObject({
      defaultSamplingProbability: 0.3,
      perOperationStrategies: [{ operation: "/health" }],
    });
  });

  it("with an unknown type has Jaeger's default, and the log says so", () => {
    const host = recordingHost();
    const told = parseStrategies('{"default_strategy":{"type":"constant","param":1}}', host.logger)("a");
    expect(told.probabilisticSampling).toEqual({ samplingRate: 0.001 });
    expect(host.lines.map(({ fields }) => fields)).toEqual([{ type: "constant" }]);
  });
});

describe("what `sampling` says", () => {
  const rules = (...made: HeadSampling["rules"]): HeadSampling => ({ ratio: 0.1, rules: made });

  it("is told of the service that asks", () => {
    const sampling = rules(
      { service: "batch-*", never: true },
      { service: "shop?", operation: "pay", always: true },
      { operation: "list", ratio: 0.2 },
      { service: "busy", rate_limit_traces_per_second: 7.5 },
    );
    expect(toldOfSampling(sampling, "batch-night").probabilisticSampling).toEqual({ samplingRate: 0 });
    expect(toldOfSampling(sampling, "shop1")).toMatchObject({
      probabilisticSampling: { samplingRate: 0.1 },
      operationSampling: {
        defaultSamplingProbability: 0.1,
        perOperationStrategies: [
          { operation: "pay", probabilisticSampling: { samplingRate: 1 } },
          { operation: "list", probabilisticSampling: { samplingRate: 0.2 } },
        ],
      },
    });
    expect(toldOfSampling(sampling, "busy")).toMatchObject({
      strategyType: 1,
      rateLimitingSampling: { maxTracesPerSecond: 7 },
    });
    expect(toldOfSampling(sampling, "shop").probabilisticSampling).toEqual({ samplingRate: 0.1 });
  });

  it("is never told as less than what some rule may keep", () => {
    const sampling = rules(
      { service: "shop", attributes: { "http.route": "/pay" }, ratio: 0.6 },
      { operation: "GET /*", ratio: 0.3 },
      { operation: "list", never: true },
    );
    expect(toldOfSampling(sampling, "shop").operationSampling).toMatchObject({
      defaultSamplingProbability: 0.6,
      perOperationStrategies: [{ operation: "list", probabilisticSampling: { samplingRate: 0.6 } }],
    });
    expect(toldOfSampling(sampling, "other").probabilisticSampling).toEqual({ samplingRate: 0.3 });
  });
});
