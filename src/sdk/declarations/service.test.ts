import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { SpanRecord } from "../../model/span.ts";
import type { PropagationFormat } from "../../propagation/composite.ts";
import type { SpanExporter } from "../exporters/exporter.ts";
import { LocalRegistry } from "../registry/local.ts";
import { DISCOVERY_BACKENDS, type DiscoveryBackendName } from "./backend-options.ts";
import { ServiceError } from "./http-endpoint.ts";
import { declareService, type ServiceOptions } from "./options.ts";
import { type Service, type ServiceHandler, type ServiceRuntime, service } from "./service.ts";

const running: Service[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
});

function recorder() {
  const records: SpanRecord[] = [];
  const exporter: SpanExporter = {
    description: "recorder",
    async export(batch) {
      records.push(...batch);
      return { type: "delivered" };
    },
    async shutdown() {},
  };
  return { exporter, records };
}

async function run(name: string, options: ServiceOptions, handler: ServiceHandler, runtime: ServiceRuntime = {}) {
  const made = service(name, options, handler, runtime);
  running.push(made);
  await made.start();
  return made;
}

async function post(url: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as unknown };
}

describe("two services", () => {
  const formats: PropagationFormat[] = ["w3c", "b3", "b3_single", "jaeger"];

  it.each(
    formats.flatMap(
      (a) =>
        [
          [a, a],
          [a, "w3c" as const],
        ] as const,
    ),
  )("that send %s and %s make one trace", async (ordersFormat, inventoryFormat) => {
    const { exporter, records } = recorder();
    const registry = new LocalRegistry();
    const common = { discovery_enabled: true, tracing: true, discovery_tags: ["production", "v2"] };
    const inventory = await run(
      "inventory_service",
      { ...common, trace_propagation: inventoryFormat },
      {
        reserve_items: (items: string[], { tracing }) => {
          tracing.activeSpan()?.addEvent("counted", { count: items.length });
          return { reserved: items.length };
        },
      },
      { registry, exporter },
    );
    const orders = await run(
      "order_service",
      { ...common, trace_propagation: ordersFormat },
      {
        create_order: async (order: { items: string[] }, { discoverService, callService, tracer }) =>
          tracer.trace("create_order", async (span) => {
            span.addEvent("validated");
            const endpoint = await discoverService("inventory_service", ["production"]);
            const answer = await callService(endpoint, "reserve_items", order.items);
            span.addEvent("items_reserved");
            return answer;
          }),
      },
      { registry, exporter },
    );
    expect(inventory.registered && orders.registered).toBe(true);
    expect(await post(`${orders.url}/create_order`, { items: ["a", "b"] })).toEqual({
      status: 200,
      body: { reserved: 2 },
    });
    await Promise.all(running.splice(0).map((each) => each.stop()));

    const spans = new Map(records.map(({ span, service: owner }) => [`${owner} ${span.kind} ${span.name}`, span]));
    expect([...spans.keys()].sort()).toEqual([
      "inventory_service 2 POST /reserve_items",
      "order_service 1 create_order",
      "order_service 2 POST /create_order",
      "order_service 3 POST /reserve_items",
      "order_service 3 discover inventory_service",
    ]);
    expect(new Set(records.map(({ span }) => span.traceId)).size).toBe(1);
    const parentOf = (child: string) => spans.get(child)?.parentSpanId;
    expect(parentOf("order_service 2 POST /create_order")).toBe("");
    expect(parentOf("order_service 1 create_order")).toBe(spans.get("order_service 2 POST /create_order")?.spanId);
    expect(parentOf("order_service 3 POST /reserve_items")).toBe(spans.get("order_service 1 create_order")?.spanId);
    expect(parentOf("inventory_service 2 POST /reserve_items")).toBe(
      spans.get("order_service 3 POST /reserve_items")?.spanId,
    );
    expect(spans.get("inventory_service 2 POST /reserve_items")?.events[0]?.name).toBe("counted");
    expect(registry.instances("order_service")).toEqual([]);
  });
});

describe("a service", () => {
  it("answers health checks without making spans", async () => {
    const { exporter, records } = recorder();
    const made = await run(
      "s",
      { tracing: true, health_check: { http: { path: "/live", interval_ms: 1000 } } },
      {},
      { exporter },
    );
    const response = await fetch(`${made.url}/live`);
    expect([response.status, await response.json()]).toEqual([200, { status: "healthy", service: "s" }]);
    await made.stop();
    expect(records).toEqual([]);
  });

  it("takes a handler of whole requests and names its route's span by the method", async () => {
    const { exporter, records } = recorder();
    const made = await run("s", { tracing: true }, (_request, response) => response.writeHead(201).end("{}"), {
      exporter,
    });
    expect((await post(`${made.url}/anything?x=1`)).status).toBe(201);
    await made.stop();
    expect(records.map(({ span }) => span.name)).toEqual(["POST"]);
  });

  it("tells callers what they did wrong and keeps its own failures to itself", async () => {
    const { exporter, records } = recorder();
    const operations = {
      fail: () => {
        throw new Error("password is hunter2");
      },
      refuse: () => {
        throw new ServiceError(409, "sold out");
      },
    };
    const made = await run("s", { tracing: true }, operations, { exporter });
    expect(await post(`${made.url}/fail`)).toEqual({ status: 500, body: { error: "internal error" } });
    expect(await post(`${made.url}/refuse`)).toEqual({ status: 409, body: { error: "sold out" } });
    expect(await post(`${made.url}/nothing`)).toEqual({ status: 404, body: { error: 's has no operation "nothing"' } });
    expect(await post(`${made.url}/toString`)).toMatchObject({ status: 404 });
    expect(await post(`${made.url}/%ff`)).toMatchObject({ status: 400 });
    expect(await post(`${made.url}/refuse`, "{")).toMatchObject({ status: 400 });
    expect(await post(`${made.url}/refuse`, "a=1", { "content-type": "text/plain" })).toMatchObject({ status: 415 });
    expect((await fetch(`${made.url}/fail`)).status).toBe(405);
    await made.stop();
    const failed = records.find(({ span }) => span.name === "POST /fail")?.span;
    expect(failed?.status).toEqual({ code: 2, message: "password is hunter2" });
    expect(records.find(({ span }) => span.name === "POST /refuse")?.span.status.code).toBe(0);
  });

  it("without tracing passes its caller's context on as it came", async () => {
    const headers: unknown[] = [];
    const backend = createServer((request, response) => {
      headers.push(request.headers.traceparent, request.headers.tracestate);
      response.end("{}");
    });
    await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
    const target = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;
    const made = await run("s", {}, { relay: (_: never, { callService }) => callService(target, "x") });
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await post(`${made.url}/relay`, {}, { traceparent, tracestate: "a=1" });
    expect(headers).toEqual([traceparent, "a=1"]);
    backend.closeAllConnections();
    await new Promise((resolve) => backend.close(resolve));
  });

  it("registers again when the registry has forgotten it or was away", async () => {
    const registry = new LocalRegistry();
    const warnings: string[] = [];
    const register = registry.register.bind(registry);
    registry.register = async () => {
      throw new Error("registry is away");
    };
    const logger = {
      debug() {},
      info() {},
      error() {},
      warn: (_: string, fields?: object) => void warnings.push(JSON.stringify(fields)),
    };
    const made = await run("s", { discovery_enabled: true, discovery_ttl: 1 }, {}, { registry, logger });
    expect(made.registered).toBe(false);
    expect(warnings[0]).toContain("registry is away");
    registry.register = register;
    await expect.poll(() => made.registered).toBe(true);
    await registry.deregister(made.id);
    await expect.poll(() => registry.instances("s").length).toBe(1);
  });

  it("uses the instances that it knew while the registry does not answer", async () => {
    const registry = new LocalRegistry();
    const a = await run("a", { discovery_enabled: true }, {}, { registry });
    expect((await a.discoverService("a")).port).toBe(Number(new URL(a.url ?? "").port));
    registry.discover = async () => {
      throw new Error("registry is away");
    };
    expect((await a.discoverService("a")).id).toBe(a.id);
    await expect(a.discoverService("b")).rejects.toThrow("registry is away");
  });

  it("does not wait long for a registry that hangs, and takes its answer when it comes", async () => {
    const registry = new LocalRegistry();
    const a = await run("a", { discovery_enabled: true }, {}, { registry });
    await a.discoverService("a");
    const discover = registry.discover.bind(registry);
    let answer: (instances: Awaited<ReturnType<typeof discover>>) => void = () => {};
    let asked = 0;
    registry.discover = () => {
      asked++;
      return new Promise((resolve) => (answer = resolve));
    };
    for (let call = 0; call < 3; call++) expect((await a.discoverService("a")).id).toBe(a.id);
    expect(asked).toBe(1);
    answer([]);
    registry.discover = discover;
    await registry.deregister(a.id);
    await expect
      .poll(() => a.discoverService("a").catch((error: Error) => error.message))
      .toContain("no healthy instance");
  });

  it("avoids an instance that does not answer before the registry knows", async () => {
    const registry = new LocalRegistry();
    const [one, two] = [
      await run("b", { discovery_enabled: true }, { whoami: () => 1 }, { registry }),
      await run("b", { discovery_enabled: true }, { whoami: () => 2 }, { registry }),
    ];
    const a = await run("a", { discovery_enabled: true }, {}, { registry });
    const registered = registry.instances("b");
    await one.stop();
    registry.discover = async () => registered;
    const call = async () => a.callService(await a.discoverService("b"), "whoami").catch(() => "no answer");
    await expect.poll(call).toBe("no answer");
    expect(new Set(await Promise.all(Array.from({ length: 20 }, call)))).toEqual(new Set([2]));
    expect(two.registered).toBe(true);
  });

  it("says what it did not find and whom it could not reach", async () => {
    const registry = new LocalRegistry();
    const a = await run("a", { discovery_enabled: true }, {}, { registry });
    await expect(a.discoverService("b", ["x", "y"])).rejects.toThrow("no healthy instance of b with tags x, y");
    await expect(a.callService("http://127.0.0.1:1", "op")).rejects.toThrow("http://127.0.0.1:1/op: ");
    await expect(a.callService(a.url ?? "", "op")).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining('a has no operation "op"'),
    });
    const alone = await run("b", {}, {});
    await expect(alone.discoverService("a")).rejects.toThrow("declared without discovery_enabled");
  });

  it("cannot take a port twice, and is not started twice", async () => {
    const a = await run("a", {}, {});
    const port = Number(new URL(a.url ?? "").port);
    await expect(service("b", { transport: { http: { port } } }, {}).start()).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}`,
    );
    await expect(a.start()).rejects.toThrow('service "a" is running already');
    await a.stop();
    await expect(a.start()).rejects.toThrow("was stopped");
  });
});

describe("declarations", () => {
  it("fill in the defaults", () => {
    expect(declareService("a", {}).options).toEqual({
      discovery_enabled: false,
      discovery_backend: "local",
      health_check: { http: { path: "/health", interval_ms: 30_000 } },
      discovery_ttl: 60,
      discovery_tags: [],
      tracing: false,
      trace_exporter: "otlp",
      trace_sampling: 1,
      trace_propagation: "w3c",
      transport: { http: { port: 0 } },
    });
  });

  it("list everything that is wrong", () => {
    const options = { trace_sampling: 2, discovery_tls: 1, health_check: { http: { path: "x", interval_ms: 5 } } };
    expect(() => declareService("bad name", options as ServiceOptions)).toThrow(
      'service "bad name": name: expected a name of letters, digits, _ . and - that begins with a letter or digit, got "bad name"; ' +
        "trace_sampling: expected a number from 0.0 to 1.0, got 2; " +
        "discovery_tls: unknown option; did you mean discovery_ttl?; " +
        'health_check.http.path: expected a path that begins with "/", got "x"; ' +
        "health_check.http.interval_ms: expected a whole number of ms from 100, got 5",
    );
  });

  it("name backends, alone or with their options", () => {
    const etcd = {
      etcd: { endpoint: "https://etcd:2379", username: "shop", password: "x", tls: { ca_file: "ca.pem" } },
    };
    for (const discovery_backend of [...DISCOVERY_BACKENDS, etcd, { kubernetes: {} }] as const) {
      expect(declareService("a", { discovery_backend }).options.discovery_backend).toEqual(discovery_backend);
    }
  });

  it.each([
    [{ zookeeper: {} }, "discovery_backend: expected one of local, consul, etcd, dns, kubernetes, alone or with"],
    [{ etcd: {}, consul: {} }, "discovery_backend: expected one of"],
    [{ etcd: "http://etcd:2379" }, "discovery_backend.etcd: expected options among endpoint, prefix"],
    [{ etcd: { endpont: "x" } }, "discovery_backend.etcd.endpont: unknown option; did you mean endpoint?"],
    [{ consul: { endpoint: "consul:8500" } }, "discovery_backend.consul.endpoint: expected an http or https URL, got"],
    [{ etcd: { tls: { ca: "x" } } }, "discovery_backend.etcd.tls.ca: unknown option: expected one of ca_file"],
    [
      { dns: { services: { a: { record: "a" } } } },
      "discovery_backend.dns.services.a.query: expected a name to ask for",
    ],
    [
      { dns: { services: { a: { query: "a", record: "a" } } } },
      "discovery_backend.dns.services.a.port: expected a port",
    ],
    [{ kubernetes: { watch_seconds: 0 } }, "discovery_backend.kubernetes.watch_seconds: expected a whole number"],
  ])("refuse what a backend does not know: %j", (discovery_backend, message) => {
    expect(() => declareService("a", { discovery_backend } as unknown as ServiceOptions)).toThrow(message);
  });

  it("do not repeat the credentials of a URL", () => {
    const discovery_backend = { etcd: { endpoint: "http://me:hunter2@etcd:2379" } };
    const declare = () => declareService("a", { discovery_backend });
    expect(declare).toThrow("discovery_backend.etcd.endpoint: expected a URL without credentials");
    expect(declare).not.toThrow("hunter2");
  });

  it("do not go with a place that their backend has no use for", () => {
    const declare = (backend: DiscoveryBackendName, runtime: ServiceRuntime) => () =>
      service("a", { discovery_enabled: true, discovery_backend: backend }, {}, runtime);
    expect(declare("dns", { registryUrl: "http://x" })).toThrow("registryUrl: the dns backend has none");
    expect(declare("kubernetes", { registryToken: "t" })).toThrow("registryToken: the kubernetes backend has none");
    expect(declare("etcd", { registryUrl: "http://x" })).not.toThrow();
  });
});
