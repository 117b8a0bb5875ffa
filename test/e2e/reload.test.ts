import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connect } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { parseConfig } from "../../src/app/config/config.ts";
import { samplingParameters, samplingStrategy } from "../../src/codec/rpc/sampling.ts";
import { SILENT_LOGGER } from "../../src/component/logger.ts";
import { eventually } from "../support/eventually.ts";
import { grpcCall, grpcClient } from "../support/receiver-rig.ts";
import { OTHER_CERT, OTHER_KEY, TEST_CERT, TEST_KEY } from "../support/tls.ts";

const MAIN = resolve(import.meta.dirname, "../../dist/cli/main.js");
const FREE = ["--otlp-grpc", "--otlp-http", "--ui", "--registry-api"].flatMap((flag) => [flag, "127.0.0.1:0"]);

let folder: string;
const cleanups: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-reload-"));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  rmSync(folder, { recursive: true, force: true });
});

let lastId = 0;

/** Sends one span with an attribute `password`; its trace id. */
async function send(otlpHttp: string): Promise<string> {
  const id = (++lastId).toString(16);
  const traceId = id.padStart(32, "a");
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const now = BigInt(Date.now()) * 1_000_000n;
  const span = {
    traceId,
    spanId: id.padStart(16, "b"),
    name: "login",
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now + 1_000_000n),
    attributes: [attribute("password", "hunter2"), attribute("http.method", "GET")],
  };
  const resource = { attributes: [attribute("service.name", "shop")] };
  const response = await fetch(`${otlpHttp.replace(/\/v1\/traces$/, "")}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }),
  });
  expect(response.status).toBe(200);
  return traceId;
}

async function stored(ui: string, traceId: string): Promise<string | undefined> {
  const response = await fetch(`${ui}api/traces/${traceId}`);
  return response.status === 200 ? await response.text() : undefined;
}

describe("Collector.reload", () => {
  async function start(): Promise<Collector> {
    const collector = await createCollector({}, { logger: SILENT_LOGGER });
    cleanups.push(() => collector.shutdown());
    return collector;
  }

  it("takes over processors and sampling, and names what takes a restart", async () => {
    const collector = await start();
    const { otlpHttp, ui } = collector.endpoints as { otlpHttp: string; ui: string };
    expect(await stored(ui, await send(otlpHttp))).toContain("hunter2");
    const rules = [{ keys: ["password"], action: "mask" }];
    const outcome = await collector.reload(parseConfig({ processors: { redaction: { rules } } }, { name: "test" }));
    expect(outcome.applied).toContain("processors.redaction.rules");
    expect(outcome.needsRestart).toContain("storage.kind");
    const masked = await stored(ui, await send(otlpHttp));
    expect(masked).toContain("****");
    expect(masked).not.toContain("hunter2");
    await collector.reload(parseConfig({ sampling: { ratio: 0 } }, { name: "test" }));
    expect(await stored(ui, await send(otlpHttp))).toBeUndefined();
  });

  it("has senders told what `sampling` says from then on, on every port that tells it", async () => {
    const receivers = { remote_sampling: { from_sampling: true } };
    const collector = await createCollector({ receivers, sampling: { ratio: 0.25 } }, { logger: SILENT_LOGGER });
    cleanups.push(() => collector.shutdown());
    const address = (receiver: string, listener: string) =>
      collector.endpoints.receivers.find((one) => one.receiver === receiver && one.listener === listener)
        ?.address as string;
    const told = async (): Promise<unknown[]> => {
      const ports = [address("remote_sampling", "http"), new URL("/api/sampling", address("jaeger", "http")).href];
      const overHttp = ports.map(async (url) => (await fetch(`${url}?service=shop`)).json());
      const client = grpcClient(address("remote_sampling", "grpc"));
      const path = "/jaeger.api_v2.SamplingManager/GetSamplingStrategy";
      const { response } = await grpcCall(client, path, samplingParameters.encode({ serviceName: "shop" }));
      client.close();
      return [...(await Promise.all(overHttp)), samplingStrategy.decode(response as Uint8Array)];
    };
    const all = (strategy: object) => [1, 2, 3].map(() => expect.objectContaining(strategy));
    expect(await told()).toEqual(all({ probabilisticSampling: { samplingRate: 0.25 } }));
    const reload = (sampling: object) => collector.reload(parseConfig({ receivers, sampling }, { name: "test" }));
    expect((await reload({ ratio: 0.5 })).applied).toContain("sampling.ratio");
    expect(await told()).toEqual(all({ probabilisticSampling: { samplingRate: 0.5 } }));
    await reload({ ratio: 0.5, rules: [{ service: "shop", rate_limit_traces_per_second: 7 }] });
    expect(await told()).toEqual(all({ rateLimitingSampling: { maxTracesPerSecond: 7 } }));
  });

  it("finds a span under the name that its attribute has in newer conventions", async () => {
    const { otlpHttp, ui } = (await start()).endpoints as { otlpHttp: string; ui: string };
    const traceId = await send(otlpHttp);
    const find = async (more: string) =>
      (await fetch(`${ui}api/traces?service=shop&tag=http.request.method:GET${more}`)).text();
    expect(await find("")).toContain(traceId);
    expect(await find("&exactTags=true")).not.toContain(traceId);
  });
});

describe("TLS files", () => {
  it("are taken up when they are replaced, without being told", async () => {
    const [cert_file, key_file] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    const place = (cert: string, key: string) => {
      writeFileSync(cert_file, cert);
      writeFileSync(key_file, key);
    };
    place(TEST_CERT, TEST_KEY);
    const endpoint = "127.0.0.1:0";
    const tls = { cert_file, key_file };
    const listener = { endpoint, tls };
    const collector = await createCollector(
      {
        receivers: { otlp: { protocols: { http: listener, grpc: listener } } },
        discovery: { server: { enabled: true, ...listener } },
        proxy: { ...listener, routes: [{ upstream: "http://127.0.0.1:9" }] },
        storage: { kind: "sqlite", path: join(folder, "data") },
        ui: { ...listener, grpc_endpoint: endpoint, tempo_endpoint: endpoint },
      },
      { logger: SILENT_LOGGER },
    );
    cleanups.push(() => collector.shutdown());
    const { otlpHttp, otlpGrpc, registry, proxy, ui, queryGrpc, tempo } = collector.endpoints;
    const addresses = [otlpHttp, otlpGrpc, registry, proxy, ui, queryGrpc, tempo];
    const ports = addresses.map((address) => Number(/:(\d+)\/?$/.exec(address ?? "")?.[1]));
    expect(await Promise.all(ports.map((port) => trusts(port, TEST_CERT)))).toEqual(addresses.map(() => true));
    place(OTHER_CERT, OTHER_KEY);
    for (const port of ports) {
      await eventually("the new certificate is served", async () => await trusts(port, OTHER_CERT));
    }
  });

  /** Whether a client that trusts this authority alone connects. */
  function trusts(port: number, ca: string): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect({
        host: "127.0.0.1",
        servername: "localhost",
        port,
        ca,
        ALPNProtocols: ["h2", "http/1.1"],
      });
      socket.once("secureConnect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
  }
});

describe("self-tracing", () => {
  it("shows the collector's own work as service spanloom", async () => {
    const collector = await createCollector(
      { telemetry: { traces: { enabled: true, ratio: 1 } } },
      { logger: SILENT_LOGGER },
    );
    cleanups.push(() => collector.shutdown());
    const { otlpHttp, ui } = collector.endpoints as { otlpHttp: string; ui: string };
    await send(otlpHttp);
    const services = async () => (await fetch(`${ui}api/services`)).text();
    await services();
    await eventually("its own spans are there", async () => (await services()).includes('"spanloom"'));
    const found = await (await fetch(`${ui}api/traces?service=spanloom&operation=append&limit=100`)).json();
    const { data } = found as { data: { spans: { tags: { key: string; value: unknown }[] }[] }[] };
    const sources = data.flatMap(({ spans }) =>
      spans.flatMap(({ tags }) => tags.filter(({ key }) => key === "spanloom.source")),
    );
    expect(sources.map(({ value }) => value)).toEqual(["otlp_http"]);
  });
});

describe("self-tracing of the store's threads", () => {
  it("shows attempts to export, sealing and retention, and none for its own spans", async () => {
    const file = join(folder, "spans.jsonl");
    const collector = await createCollector(
      {
        storage: { kind: "sqlite", path: join(folder, "data") },
        exporters: { file: { path: file } },
        telemetry: { traces: { enabled: true, ratio: 1 } },
      },
      { logger: SILENT_LOGGER },
    );
    cleanups.push(() => collector.shutdown());
    const { otlpHttp, ui } = collector.endpoints as { otlpHttp: string; ui: string };
    const named = async (operation: string) => {
      const query = new URLSearchParams({ service: "spanloom", operation, limit: "100" });
      const { data } = (await (await fetch(`${ui}api/traces?${query}`)).json()) as {
        data: { spans: { tags: { key: string; value: unknown }[] }[] }[];
      };
      return data.flatMap(({ spans }) =>
        spans.map(({ tags }) => Object.fromEntries(tags.map((t) => [t.key, t.value]))),
      );
    };
    const some = (operation: string, count = 1) =>
      eventually(`${count} of ${operation}`, async () => {
        const spans = await named(operation);
        return spans.length >= count ? spans : false;
      });
    const admin = async (path: string, body = "{}") => {
      const response = await fetch(`${ui}api/ui/admin/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-spanloom": "1" },
        body,
      });
      expect(response.status).toBe(200);
    };

    await send(otlpHttp);
    expect(await some("export file")).toMatchObject([
      { "spanloom.exporter": "file", "spanloom.export.outcome": "delivered" },
    ]);
    // The span of that attempt is exported in its turn, in a batch that makes none.
    await eventually("it was exported", async () => readFileSync(file, "utf8").includes('"export file"'));
    await send(otlpHttp);
    expect(await some("export file", 2)).toHaveLength(2);

    await admin("compact");
    expect(await some("seal segment")).toMatchObject([{ "spanloom.segment": 1, "spanloom.seal.outcome": "sealed" }]);
    // The segment that compacting made, and the one that was opened after it.
    await admin("delete", '{"all": true}');
    expect(await some("remove segments")).toMatchObject([{ "spanloom.segments": 2 }]);
  });
});

describe("SIGHUP", () => {
  it("loads the config file again; one that is wrong changes nothing", async () => {
    const file = join(folder, "spanloom.yaml");
    writeFileSync(file, "sampling: { ratio: 1 }\n");
    const child = spawn(process.execPath, [MAIN, ...FREE, "-c", file], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? "" },
    });
    cleanups.push(async () => {
      const gone = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      await gone;
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const said = (what: RegExp) => eventually(String(what), () => what.exec(output)?.[1] ?? false);
    const ui = (await said(/web UI and Jaeger API\s+(\S+)/)) as string;
    const otlpHttp = (await said(/OTLP\/HTTP\s+(http\S+)/)) as string;
    expect(await stored(ui, await send(otlpHttp))).toContain("hunter2");

    writeFileSync(
      file,
      "sampling: { ratio: 1 }\nprocessors: { redaction: { rules: [{ keys: [password], action: hide }] } }\n",
    );
    child.kill("SIGHUP");
    expect(await said(/not loaded again, the running one stays: (.*)/)).toContain("spanloom.yaml");
    expect(await stored(ui, await send(otlpHttp))).toContain("hunter2");

    writeFileSync(
      file,
      "processors: { redaction: { rules: [{ keys: [password], action: drop }] } }\nlimits: { in_flight_mebibytes: 64 }\n",
    );
    child.kill("SIGHUP");
    expect(await said(/(limits\.in_flight_mebibytes has changed and takes a restart)/)).toBeDefined();
    await said(/(the config was loaded again)/);
    expect(await stored(ui, await send(otlpHttp))).not.toContain("hunter2");
  });
});
