import { hostname } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { parseConfig } from "../../src/app/config/config.ts";
import { startStandaloneProxy } from "../../src/app/proxy.ts";
import type { LogFields } from "../../src/component/logger.ts";
import { SILENT_LOGGER } from "../../src/component/logger.ts";
import { ConsulContractServer } from "../support/discovery/consul-contract-server.ts";
import { eventually } from "../support/eventually.ts";

const running: { shutdown(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.shutdown();
});

/** Beside OTLP, the UI and the registry, which the tests are about, what is on by default. */
const OTHERS_OFF = { zipkin: { enabled: false }, jaeger: { enabled: false }, remote_sampling: { enabled: false } };

async function start(
  config: NonNullable<Parameters<typeof createCollector>[0]>,
  logger = SILENT_LOGGER,
): Promise<Collector> {
  const collector = await createCollector({ ...config, receivers: { ...OTHERS_OFF, ...config.receivers } }, { logger });
  running.push(collector);
  return collector;
}

interface Entry {
  readonly Service: { ID: string; Address: string; Port: number; Tags: string[]; Meta: Record<string, string> };
}

/** Healthy instances of a service, as a Consul client sees them. */
async function passing(registry: string, tag = "", name = "spanloom"): Promise<Entry["Service"][]> {
  const query = tag === "" ? "" : `&tag=${tag}`;
  const answer = await fetch(`${registry}/v1/health/service/${name}?passing${query}`);
  return ((await answer.json()) as Entry[]).map(({ Service }) => Service);
}

const portOf = (url: string | undefined) => Number(new URL(url as string).port);

describe("a collector that registers itself", () => {
  it("is in its own registry with every listener, checked by it", async () => {
    const register = { enabled: true, tags: ["production"], metadata: { team: "ops" }, zone: "z1" };
    const collector = await start({ discovery: { register }, receivers: { zipkin: { enabled: true } } });
    const { registry, otlpHttp, otlpGrpc, ui } = collector.endpoints;
    const found = await eventually("all are healthy", async () => {
      const all = await passing(registry as string, "production");
      return all.length === 4 && all;
    });
    const ports = Object.fromEntries(found.map(({ Tags: [tag], Port }) => [tag, Port]));
    const { zipkin_http: zipkin, ...others } = ports;
    expect(others).toEqual({ otlp_http: portOf(otlpHttp), otlp_grpc: portOf(`http://${otlpGrpc}`), ui: portOf(ui) });
    expect(zipkin).toBeGreaterThan(0);
    expect(found[0]?.Meta).toMatchObject({ team: "ops", tls: "false" });
    expect(await passing(registry as string, "otlp_http")).toHaveLength(1);
  });

  it("registers with the Consul API of another, again where that has lost it, and is gone when it stops", async () => {
    const hub = (await start({})).endpoints.registry as string;
    const collector = await start({
      discovery: {
        backend: "consul",
        consul: { endpoint: hub },
        register: { enabled: true, name: "traces", host: "127.0.0.1", ttl_ms: 1_000 },
      },
    });
    const all = () => passing(hub, "", "traces");
    const before = await eventually("all are healthy", async () => ((await all()).length === 3 ? all() : false));
    for (const { ID } of before) {
      const answer = await fetch(`${hub}/v1/agent/service/deregister/${encodeURIComponent(ID)}`, { method: "PUT" });
      expect(answer.status).toBe(200);
    }
    expect(await all()).toEqual([]);
    const after = await eventually("they are back", async () => ((await all()).length === 3 ? all() : false));
    expect(after.map(({ ID }) => ID).sort()).toEqual(before.map(({ ID }) => ID).sort());
    await collector.shutdown();
    expect(await fetch(`${hub}/v1/catalog/services`).then((answer) => answer.json())).not.toHaveProperty("traces");
  });

  it("lets senders of another collector find it by discover://", async () => {
    const hub = await start({ discovery: { register: { enabled: true } } });
    const sender = await start({
      discovery: { backend: "consul", consul: { endpoint: hub.endpoints.registry as string } },
      exporters: {
        otlp_http: { endpoint: "discover://spanloom?tag=otlp_http", retry_on_failure: { initial_interval_ms: 20 } },
      },
    });
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const span = { traceId, spanId: "b7ad6b7169203331", name: "GET /", startTimeUnixNano: "1", endTimeUnixNano: "2" };
    const answer = await fetch(`${sender.endpoints.otlpHttp}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
    });
    expect(answer.status).toBe(200);
    await eventually("the trace is there", async () => {
      return (await fetch(`${hub.endpoints.ui}api/traces/${traceId}`)).status === 200;
    });
  });

  it("begins before its registry does, and shows the token", async () => {
    const consul = new ConsulContractServer("secret");
    await consul.start();
    const endpoint = `http://127.0.0.1:${consul.port}`;
    await consul.stop();
    const warnings: string[] = [];
    const logger = { ...SILENT_LOGGER, warn: (message: string) => void warnings.push(message) };
    const collector = await start(
      {
        discovery: {
          backend: "consul",
          consul: { endpoint, token: "secret" },
          register: { enabled: true, host: "127.0.0.1", ttl_ms: 1_000, check: false },
        },
      },
      logger,
    );
    await eventually("it says that the registry is away", () => warnings.includes("a heartbeat failed"));
    await consul.start();
    const id = `spanloom-ui@127.0.0.1:${portOf(collector.endpoints.ui)}`;
    await eventually("it is registered", () => consul.definition(id) !== undefined);
    await collector.shutdown();
    expect(consul.definition(id)).toBeUndefined();
    await consul.stop();
  });

  it("leaves out listeners that others cannot reach, names the machine where one is bound to every address", async () => {
    const hub = (await start({})).endpoints.registry as string;
    const warned: LogFields[] = [];
    const logger = {
      ...SILENT_LOGGER,
      warn: (message: string, fields?: LogFields) => {
        if (message.startsWith("a listener is not registered")) warned.push(fields ?? {});
      },
    };
    const protocols = { http: { endpoint: "0.0.0.0:0" }, grpc: { endpoint: "127.0.0.1:0" } };
    await start(
      {
        receivers: { otlp: { protocols } },
        discovery: { backend: "consul", consul: { endpoint: hub }, register: { enabled: true, check: false } },
      },
      logger,
    );
    const [only, ...more] = await eventually("it is registered", async () => {
      const found = await passing(hub);
      return found.length > 0 && found;
    });
    expect(only).toMatchObject({ Address: hostname(), Tags: ["otlp_http"] });
    expect(more).toEqual([]);
    expect(warned.map(({ listener }) => listener).sort()).toEqual(["otlp_grpc", "ui"]);
  });

  it("refuses a registry that only reads", () => {
    const discovery = { backend: "kubernetes", register: { enabled: true } };
    expect(() => parseConfig({ discovery }, { name: "test" })).toThrow(
      "discovery.register.enabled: the kubernetes backend only reads; expected discovery.backend local, consul or etcd",
    );
  });
});

describe("a proxy without a collector", () => {
  it("registers itself with the registry of one, and is gone when it stops", async () => {
    const hub = await start({});
    const registry = hub.endpoints.registry as string;
    const config = parseConfig(
      {
        discovery: { server: { endpoint: new URL(registry).host }, register: { enabled: true } },
        proxy: {
          endpoint: "127.0.0.1:0",
          routes: [{ upstream: hub.endpoints.ui.replace(/\/$/, "") }],
          exporter: { endpoint: `${hub.endpoints.otlpHttp}/v1/traces` },
        },
      },
      { name: "test" },
    );
    const proxy = await startStandaloneProxy(config, SILENT_LOGGER);
    const [found] = await eventually("it is healthy", async () => {
      const all = await passing(registry, "proxy");
      return all.length > 0 && all;
    });
    expect(found?.Port).toBe(portOf(proxy.url));
    await proxy.shutdown(AbortSignal.timeout(5_000));
    expect(await passing(registry)).toEqual([]);
  });
});
